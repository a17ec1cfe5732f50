/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What RAS programs and RAS security modules use of Windows, and no more.
 */
#ifndef OPENRAS_WINDOWS_H
#define OPENRAS_WINDOWS_H

#include "windef.h"
#include "winerror.h"

#include "winbase.h"
#include "winreg.h"
#include "wide.h"

/* windows.h of Windows brings these */
#include <ctype.h>
#include <stdarg.h>

#endif
