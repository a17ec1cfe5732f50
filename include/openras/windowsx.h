/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Sources include this beside windows.h for macros that handle windows, and there are none here.
 */
#ifndef OPENRAS_WINDOWSX_H
#define OPENRAS_WINDOWSX_H

#include "windows.h"

#endif
