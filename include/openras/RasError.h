#include "raserror.h"
