#include "rasdlg.h"
