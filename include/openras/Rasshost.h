#include "rasshost.h"
