#include "rassapi.h"
