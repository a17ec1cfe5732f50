/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Copies and formats that know their room and always end with a NUL. Room is in characters (Cch) or bytes (Cb).
 */
#ifndef OPENRAS_STRSAFE_H
#define OPENRAS_STRSAFE_H

#include <stdarg.h>

#include "windef.h"
#include "winerror.h"

#ifdef __cplusplus
extern "C" {
#endif

#define STRSAFE_MAX_CCH 2147483647
#define STRSAFE_E_INSUFFICIENT_BUFFER ((HRESULT)0x8007007A)
#define STRSAFE_E_INVALID_PARAMETER ((HRESULT)0x80070057)

HRESULT WINAPI StringCchCopyA(LPSTR to, size_t room, LPCSTR from);
HRESULT WINAPI StringCchCopyW(LPWSTR to, size_t room, LPCWSTR from);
#define StringCchCopy OPENRAS_AW(StringCchCopy)
HRESULT WINAPI StringCchCopyNA(LPSTR to, size_t room, LPCSTR from, size_t most);
HRESULT WINAPI StringCchCopyNW(LPWSTR to, size_t room, LPCWSTR from, size_t most);
#define StringCchCopyN OPENRAS_AW(StringCchCopyN)
HRESULT WINAPI StringCchCatA(LPSTR to, size_t room, LPCSTR from);
HRESULT WINAPI StringCchCatW(LPWSTR to, size_t room, LPCWSTR from);
#define StringCchCat OPENRAS_AW(StringCchCat)
HRESULT WINAPI StringCchCatNA(LPSTR to, size_t room, LPCSTR from, size_t most);
HRESULT WINAPI StringCchCatNW(LPWSTR to, size_t room, LPCWSTR from, size_t most);
#define StringCchCatN OPENRAS_AW(StringCchCatN)
HRESULT WINAPIV StringCchPrintfA(LPSTR to, size_t room, LPCSTR format, ...);
HRESULT WINAPIV StringCchPrintfW(LPWSTR to, size_t room, LPCWSTR format, ...);
#define StringCchPrintf OPENRAS_AW(StringCchPrintf)
HRESULT WINAPI StringCchVPrintfA(LPSTR to, size_t room, LPCSTR format, va_list arguments);
HRESULT WINAPI StringCchVPrintfW(LPWSTR to, size_t room, LPCWSTR format, va_list arguments);
#define StringCchVPrintf OPENRAS_AW(StringCchVPrintf)
HRESULT WINAPI StringCchLengthA(LPCSTR text, size_t most, size_t *length);
HRESULT WINAPI StringCchLengthW(LPCWSTR text, size_t most, size_t *length);
#define StringCchLength OPENRAS_AW(StringCchLength)

HRESULT WINAPI StringCbCopyA(LPSTR to, size_t bytes, LPCSTR from);
HRESULT WINAPI StringCbCopyW(LPWSTR to, size_t bytes, LPCWSTR from);
#define StringCbCopy OPENRAS_AW(StringCbCopy)
HRESULT WINAPI StringCbCopyNA(LPSTR to, size_t bytes, LPCSTR from, size_t most);
HRESULT WINAPI StringCbCopyNW(LPWSTR to, size_t bytes, LPCWSTR from, size_t most);
#define StringCbCopyN OPENRAS_AW(StringCbCopyN)
HRESULT WINAPI StringCbCatA(LPSTR to, size_t bytes, LPCSTR from);
HRESULT WINAPI StringCbCatW(LPWSTR to, size_t bytes, LPCWSTR from);
#define StringCbCat OPENRAS_AW(StringCbCat)
HRESULT WINAPI StringCbCatNA(LPSTR to, size_t bytes, LPCSTR from, size_t most);
HRESULT WINAPI StringCbCatNW(LPWSTR to, size_t bytes, LPCWSTR from, size_t most);
#define StringCbCatN OPENRAS_AW(StringCbCatN)
HRESULT WINAPIV StringCbPrintfA(LPSTR to, size_t bytes, LPCSTR format, ...);
HRESULT WINAPIV StringCbPrintfW(LPWSTR to, size_t bytes, LPCWSTR format, ...);
#define StringCbPrintf OPENRAS_AW(StringCbPrintf)
HRESULT WINAPI StringCbVPrintfA(LPSTR to, size_t bytes, LPCSTR format, va_list arguments);
HRESULT WINAPI StringCbVPrintfW(LPWSTR to, size_t bytes, LPCWSTR format, va_list arguments);
#define StringCbVPrintf OPENRAS_AW(StringCbVPrintf)
HRESULT WINAPI StringCbLengthA(LPCSTR text, size_t most, size_t *length);
HRESULT WINAPI StringCbLengthW(LPCWSTR text, size_t most, size_t *length);
#define StringCbLength OPENRAS_AW(StringCbLength)

#ifdef __cplusplus
}
#endif

#endif
