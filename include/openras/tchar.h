/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Text that is CHAR, or WCHAR where _UNICODE is defined.
 */
#ifndef OPENRAS_TCHAR_H
#define OPENRAS_TCHAR_H

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "windef.h"
#include "wide.h"

/* the names are those of Windows, reserved or not */
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wunknown-warning-option"
#pragma clang diagnostic ignored "-Wreserved-identifier"
#endif

#ifdef _UNICODE
typedef WCHAR _TCHAR, _TSCHAR, _TUCHAR, _TXCHAR;
typedef unsigned int _TINT;
#define __T(text) OPENRAS_WIDE_TEXT(text)
#else
typedef char _TCHAR, _TSCHAR, _TUCHAR, _TXCHAR;
typedef int _TINT;
#define __T(text) text
#endif
#define _T(text) __T(text)
#define _TEXT(text) __T(text)

/* start-up: see wmain in winbase.h */
#ifdef _UNICODE
#define _tmain wmain
#else
#define _tmain main
#endif

/* functions, with Windows' formats */
#ifdef _UNICODE
#define _tprintf openras_wprintf
#define _vtprintf openras_vwprintf
#define _ftprintf openras_fwprintf
#define _vftprintf openras_vfwprintf
#define _sntprintf _snwprintf
#define _vsntprintf _vsnwprintf
#define _fputts openras_fputws
#define _fgetts openras_fgetws
#define _tcslen openras_wcslen
#define _tcscpy openras_wcscpy
#define _tcsncpy openras_wcsncpy
#define _tcscat openras_wcscat
#define _tcsncat openras_wcsncat
#define _tcscmp openras_wcscmp
#define _tcsncmp openras_wcsncmp
#define _tcsicmp openras_wcsicmp
#define _tcsnicmp openras_wcsnicmp
#define _tcschr openras_wcschr
#define _tcsrchr openras_wcsrchr
#define _tcsstr openras_wcsstr
#define _tcsdup openras_wcsdup
#define _tcstol openras_wcstol
#define _tcstoul openras_wcstoul
#define _ttoi _wtoi
#define _ttol _wtol
#else
#define _tprintf openras_printf
#define _vtprintf openras_vprintf
#define _ftprintf openras_fprintf
#define _vftprintf openras_vfprintf
#define _sntprintf _snprintf
#define _vsntprintf _vsnprintf
#define _fputts fputs
#define _fgetts fgets
#define _tcslen strlen
#define _tcscpy strcpy
#define _tcsncpy strncpy
#define _tcscat strcat
#define _tcsncat strncat
#define _tcscmp strcmp
#define _tcsncmp strncmp
#define _tcsicmp strcasecmp
#define _tcsnicmp strncasecmp
#define _tcschr strchr
#define _tcsrchr strrchr
#define _tcsstr strstr
#define _tcsdup strdup
#define _tcstol strtol
#define _tcstoul strtoul
#define _ttoi atoi
#define _ttol(text) ((LONG)atol(text))
#endif

#ifdef __clang__
#pragma clang diagnostic pop
#endif

#endif
