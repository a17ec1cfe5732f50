/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * C functions with Windows' formats and for text of 16 bits. tchar.h chooses among them.
 *
 * With -fshort-wchar wchar_t has 16 bits and every wide function of this system's C library is wrong: their names lead
 * here, or to nothing, so that no program calls one by mistake. Do not use std::wstring in such a program.
 */
#ifndef OPENRAS_WIDE_H
#define OPENRAS_WIDE_H

#include "windef.h"

/* Before the names are taken, whatever the program includes later. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
#ifdef __cplusplus
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <string>
#endif

/* the names are those of Windows, reserved or not */
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wunknown-warning-option"
#pragma clang diagnostic ignored "-Wreserved-identifier"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* %s and %c as wide as the format, %S and %C the other way, %ls and %ws wide, %hs narrow; %ld has 32 bits, %I64d and
 * %lld 64. The forms with a FILE write UTF-8. */
int _snprintf(char *to, size_t room, const char *format, ...);
int _vsnprintf(char *to, size_t room, const char *format, va_list arguments);
int _snwprintf(WCHAR *to, size_t room, const WCHAR *format, ...);
int _vsnwprintf(WCHAR *to, size_t room, const WCHAR *format, va_list arguments);
int openras_printf(const char *format, ...);
int openras_vprintf(const char *format, va_list arguments);
int openras_fprintf(FILE *file, const char *format, ...);
int openras_vfprintf(FILE *file, const char *format, va_list arguments);
int openras_wprintf(const WCHAR *format, ...);
int openras_vwprintf(const WCHAR *format, va_list arguments);
int openras_fwprintf(FILE *file, const WCHAR *format, ...);
int openras_vfwprintf(FILE *file, const WCHAR *format, va_list arguments);
int openras_swprintf(WCHAR *to, size_t room, const WCHAR *format, ...);
int openras_vswprintf(WCHAR *to, size_t room, const WCHAR *format, va_list arguments);
int openras_fputws(const WCHAR *text, FILE *file);
WCHAR *openras_fgetws(WCHAR *to, int room, FILE *file);

size_t openras_wcslen(const WCHAR *text);
WCHAR *openras_wcscpy(WCHAR *to, const WCHAR *from);
WCHAR *openras_wcsncpy(WCHAR *to, const WCHAR *from, size_t room);
WCHAR *openras_wcscat(WCHAR *to, const WCHAR *from);
WCHAR *openras_wcsncat(WCHAR *to, const WCHAR *from, size_t most);
int openras_wcscmp(const WCHAR *one, const WCHAR *other);
int openras_wcsncmp(const WCHAR *one, const WCHAR *other, size_t most);
int openras_wcsicmp(const WCHAR *one, const WCHAR *other);
int openras_wcsnicmp(const WCHAR *one, const WCHAR *other, size_t most);
WCHAR *openras_wcschr(const WCHAR *text, WCHAR unit);
WCHAR *openras_wcsrchr(const WCHAR *text, WCHAR unit);
WCHAR *openras_wcsstr(const WCHAR *text, const WCHAR *part);
WCHAR *openras_wcsdup(const WCHAR *text);
long openras_wcstol(const WCHAR *text, WCHAR **end, int base);
unsigned long openras_wcstoul(const WCHAR *text, WCHAR **end, int base);
int _wtoi(const WCHAR *text);
LONG _wtol(const WCHAR *text);
/* from and to UTF-8 */
size_t openras_mbstowcs(WCHAR *to, const char *from, size_t room);
size_t openras_wcstombs(char *to, const WCHAR *from, size_t room);

#ifdef __cplusplus
}

/* the older forms, without room */
inline int openras_vswprintf(WCHAR *to, const WCHAR *format, va_list arguments)
{
    return openras_vswprintf(to, static_cast<size_t>(0x7FFFFFFF), format, arguments);
}
inline int openras_swprintf(WCHAR *to, const WCHAR *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int const length = openras_vswprintf(to, static_cast<size_t>(0x7FFFFFFF), format, arguments);
    va_end(arguments);
    return length;
}
#endif

#define _wcsicmp openras_wcsicmp
#define _wcsnicmp openras_wcsnicmp
#define _wcsdup openras_wcsdup

#if defined(__SIZEOF_WCHAR_T__) && __SIZEOF_WCHAR_T__ == 2
#undef wprintf
#undef vwprintf
#undef fwprintf
#undef vfwprintf
#undef swprintf
#undef vswprintf
#undef fputws
#undef fgetws
#define wprintf openras_wprintf
#define vwprintf openras_vwprintf
#define fwprintf openras_fwprintf
#define vfwprintf openras_vfwprintf
#define swprintf openras_swprintf
#define vswprintf openras_vswprintf
#define fputws openras_fputws
#define fgetws openras_fgetws
#undef wcslen
#undef wcscpy
#undef wcsncpy
#undef wcscat
#undef wcsncat
#undef wcscmp
#undef wcsncmp
#undef wcschr
#undef wcsrchr
#undef wcsstr
#undef wcsdup
#undef wcscasecmp
#undef wcsncasecmp
#undef wcstol
#undef wcstoul
#undef mbstowcs
#undef wcstombs
#define wcslen openras_wcslen
#define wcscpy openras_wcscpy
#define wcsncpy openras_wcsncpy
#define wcscat openras_wcscat
#define wcsncat openras_wcsncat
#define wcscmp openras_wcscmp
#define wcsncmp openras_wcsncmp
#define wcschr openras_wcschr
#define wcsrchr openras_wcsrchr
#define wcsstr openras_wcsstr
#define wcsdup openras_wcsdup
#define wcscasecmp openras_wcsicmp
#define wcsncasecmp openras_wcsnicmp
#define wcstol openras_wcstol
#define wcstoul openras_wcstoul
#define mbstowcs openras_mbstowcs
#define wcstombs openras_wcstombs

/* No 16-bit form: an error at the call, not a wrong result. */
#define wcscoll openras_no_16_bit_wcscoll
#define wcsxfrm openras_no_16_bit_wcsxfrm
#define wcsftime openras_no_16_bit_wcsftime
#define wcstod openras_no_16_bit_wcstod
#define wcstof openras_no_16_bit_wcstof
#define wcstold openras_no_16_bit_wcstold
#define wcstoll openras_no_16_bit_wcstoll
#define wcstoull openras_no_16_bit_wcstoull
#define wcstok openras_no_16_bit_wcstok
#define wcspbrk openras_no_16_bit_wcspbrk
#define wcsspn openras_no_16_bit_wcsspn
#define wcscspn openras_no_16_bit_wcscspn
#define wcsnlen openras_no_16_bit_wcsnlen
#define wscanf openras_no_16_bit_wscanf
#define swscanf openras_no_16_bit_swscanf
#define fwscanf openras_no_16_bit_fwscanf
#define mbtowc openras_no_16_bit_mbtowc
#define wctomb openras_no_16_bit_wctomb
#define mbrtowc openras_no_16_bit_mbrtowc
#define wcrtomb openras_no_16_bit_wcrtomb
#define mbsrtowcs openras_no_16_bit_mbsrtowcs
#define wcsrtombs openras_no_16_bit_wcsrtombs
#define putwchar openras_no_16_bit_putwchar
#define putwc openras_no_16_bit_putwc
#define fputwc openras_no_16_bit_fputwc
#define getwchar openras_no_16_bit_getwchar
#define getwc openras_no_16_bit_getwc
#define fgetwc openras_no_16_bit_fgetwc
#define wmemcpy openras_no_16_bit_wmemcpy
#define wmemmove openras_no_16_bit_wmemmove
#define wmemset openras_no_16_bit_wmemset
#define wmemcmp openras_no_16_bit_wmemcmp
#define wmemchr openras_no_16_bit_wmemchr
#endif

#ifdef __clang__
#pragma clang diagnostic pop
#endif

#endif
