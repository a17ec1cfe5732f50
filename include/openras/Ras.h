#include "ras.h"
