#include "lmcons.h"
