/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The basic types of Windows sources, with the sizes they have there. A LONG, ULONG and DWORD has 32 bits, also where
 * this system's `long` has 64: print them with %d and %u, not with %ld.
 */
#ifndef OPENRAS_WINDEF_H
#define OPENRAS_WINDEF_H

#include <stddef.h>
#include <stdint.h>

#include "sal.h"

/* the names are those of Windows, reserved or not */
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wunknown-warning-option"
#pragma clang diagnostic ignored "-Wreserved-identifier"
#endif

/* Windows 10, unless the program says for which Windows it is made: it decides the sizes of structures in ras.h */
#if !defined(WINVER) && defined(_WIN32_WINNT)
#define WINVER _WIN32_WINNT
#endif
#ifndef WINVER
#define WINVER 0x0A00
#endif
#ifndef _WIN32_WINNT
#define _WIN32_WINNT WINVER
#endif

/* Handles are types of their own, so that one is not taken for another. */
#if !defined(STRICT) && !defined(NO_STRICT)
#define STRICT 1
#endif

/* There is one calling convention here. */
#define WINAPI
#define WINAPIV
#define APIENTRY
#define CALLBACK
#define PASCAL
#define FAR
#define NEAR
#define far
#define near
#define __stdcall
#define _stdcall
#define __cdecl
#define _cdecl
#define __fastcall
#define __export
#define _export
#define __far
#define __near
/* Sources also say `static __forceinline`. The inline of C89 would define a function in every file that has it. */
#if defined(__GNUC_GNU_INLINE__) && !defined(__cplusplus)
#define __forceinline static __inline__ __attribute__((__always_inline__, __unused__))
#else
#define __forceinline __inline__ __attribute__((__always_inline__))
#endif
#define FORCEINLINE __forceinline

/* An unknown word is an error, rather than silently without effect. */
#define __declspec(word) OPENRAS_DECLSPEC_##word
#define _declspec(word) OPENRAS_DECLSPEC_##word
#define DECLSPEC_IMPORT
#define DECLSPEC_EXPORT __declspec(dllexport)
#define DECLSPEC_NORETURN __declspec(noreturn)
#define DECLSPEC_ALIGN(bytes) __attribute__((__aligned__(bytes)))
#define OPENRAS_DECLSPEC_
#define OPENRAS_DECLSPEC_dllimport
#define OPENRAS_DECLSPEC_dllexport __attribute__((__visibility__("default")))
#define OPENRAS_DECLSPEC_noreturn __attribute__((__noreturn__))
#define OPENRAS_DECLSPEC_nothrow __attribute__((__nothrow__))
#define OPENRAS_DECLSPEC_noinline __attribute__((__noinline__))
#define OPENRAS_DECLSPEC_deprecated __attribute__((__deprecated__))
#define OPENRAS_DECLSPEC_selectany __attribute__((__weak__))
#define OPENRAS_DECLSPEC_thread __thread
#define OPENRAS_DECLSPEC_novtable
#define OPENRAS_DECLSPEC_restrict
#define OPENRAS_DECLSPEC_noalias
#define OPENRAS_DECLSPEC_align(bytes) __attribute__((__aligned__(bytes)))
#define OPENRAS_DECLSPEC_uuid(text)
#define OPENRAS_DECLSPEC_allocate(section) __attribute__((__section__(section)))

#ifndef CONST
#define CONST const
#endif
#ifndef VOID
#define VOID void
#endif
#ifndef IN
#define IN
#endif
#ifndef OUT
#define OUT
#endif
#ifndef OPTIONAL
#define OPTIONAL
#endif
#ifdef __cplusplus
#define EXTERN_C extern "C"
#else
#define EXTERN_C extern
#endif
#define STDAPI EXTERN_C HRESULT
#define STDAPI_(type) EXTERN_C type

#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif
#ifndef MAX_PATH
#define MAX_PATH 260
#endif
#ifndef NULL
#define NULL 0
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef char CHAR, CCHAR, *PCHAR, *LPCH, *PCH;
typedef unsigned char UCHAR, BYTE, BOOLEAN, *PUCHAR, *PBYTE, *LPBYTE, *PBOOLEAN;
typedef const BYTE *LPCBYTE;
typedef short SHORT, *PSHORT;
typedef unsigned short USHORT, WORD, ATOM, *PUSHORT, *PWORD, *LPWORD;
typedef int INT, LONG, BOOL, WINBOOL, HRESULT, *PINT, *LPINT, *PLONG, *LPLONG, *PBOOL, *LPBOOL;
typedef unsigned int UINT, ULONG, DWORD, *PUINT, *LPUINT, *PULONG, *PDWORD, *LPDWORD;
typedef float FLOAT, *PFLOAT;
typedef double DOUBLE;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wlong-long"
typedef long long LONGLONG, LONG64, INT64, *PLONGLONG, *PLONG64, *PINT64;
typedef unsigned long long ULONGLONG, DWORDLONG, DWORD64, ULONG64, UINT64;
#pragma GCC diagnostic pop
typedef ULONGLONG *PULONGLONG, *PDWORDLONG, *PDWORD64, *PULONG64, *PUINT64;
typedef signed char INT8, *PINT8;
typedef unsigned char UINT8, *PUINT8;
typedef short INT16, *PINT16;
typedef unsigned short UINT16, *PUINT16;
typedef int INT32, LONG32, *PINT32, *PLONG32;
typedef unsigned int UINT32, ULONG32, DWORD32, *PUINT32, *PULONG32, *PDWORD32;
#ifndef __int64
#define __int64 long long
#endif
#ifndef __int32
#define __int32 int
#endif
#ifndef __int16
#define __int16 short
#endif
#ifndef __int8
#define __int8 char
#endif

/* as wide as a pointer */
typedef intptr_t INT_PTR, LONG_PTR, SSIZE_T, *PINT_PTR, *PLONG_PTR, *PSSIZE_T;
typedef uintptr_t UINT_PTR, ULONG_PTR, DWORD_PTR, SIZE_T, *PUINT_PTR, *PULONG_PTR, *PDWORD_PTR, *PSIZE_T;
typedef UINT_PTR WPARAM;
typedef LONG_PTR LPARAM, LRESULT;

typedef void *PVOID, *LPVOID;
typedef const void *LPCVOID;
typedef void *HANDLE, **PHANDLE, **LPHANDLE;

#ifdef STRICT
#define DECLARE_HANDLE(name) \
    struct name##__ {        \
        int unused;          \
    };                       \
    typedef struct name##__ *name
#else
#define DECLARE_HANDLE(name) typedef HANDLE name
#endif
DECLARE_HANDLE(HINSTANCE);
typedef HINSTANCE HMODULE;
DECLARE_HANDLE(HWND);
DECLARE_HANDLE(HKEY);
DECLARE_HANDLE(HRSRC);
DECLARE_HANDLE(HICON);
DECLARE_HANDLE(HMENU);
DECLARE_HANDLE(HFONT);
DECLARE_HANDLE(HDC);
typedef HKEY *PHKEY;
typedef HANDLE HGLOBAL, HLOCAL;

/* What GetProcAddress gives. It takes any arguments, and is silently cast to any function that gives a DWORD, BOOL or
 * HRESULT; one that gives a pointer must be cast before it is called. */
#if defined(__cplusplus)
#define OPENRAS_ANY_ARGUMENTS (...)
#elif !defined(__STDC_VERSION__)
#define OPENRAS_ANY_ARGUMENTS ()
#elif defined(__clang__)
#if __STDC_VERSION__ > 201710L && __clang_major__ >= 16
#define OPENRAS_ANY_ARGUMENTS (...)
#else
#define OPENRAS_ANY_ARGUMENTS ()
#endif
#elif __STDC_VERSION__ > 201710L && __GNUC__ >= 13
#define OPENRAS_ANY_ARGUMENTS (...)
#else
#define OPENRAS_ANY_ARGUMENTS ()
#endif
#ifndef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#endif
typedef int(WINAPI *FARPROC) OPENRAS_ANY_ARGUMENTS;
#ifndef __cplusplus
#pragma GCC diagnostic pop
#endif
typedef FARPROC NEARPROC, PROC;

/* known to winbase.h and winreg.h, whichever comes first */
struct _SECURITY_ATTRIBUTES;

typedef struct tagPOINT {
    LONG x;
    LONG y;
} POINT, *PPOINT, *LPPOINT;
typedef struct tagSIZE {
    LONG cx;
    LONG cy;
} SIZE, *PSIZE, *LPSIZE;
typedef struct tagRECT {
    LONG left;
    LONG top;
    LONG right;
    LONG bottom;
} RECT, *PRECT, *LPRECT;
typedef const RECT *LPCRECT;
typedef struct _FILETIME {
    DWORD dwLowDateTime;
    DWORD dwHighDateTime;
} FILETIME, *PFILETIME, *LPFILETIME;

#ifdef __cplusplus
}
#endif

#define MAKEWORD(low, high) ((WORD)(((BYTE)((DWORD_PTR)(low) & 0xFF)) | ((WORD)((BYTE)((DWORD_PTR)(high) & 0xFF))) << 8))
#define MAKELONG(low, high) \
    ((LONG)(((WORD)((DWORD_PTR)(low) & 0xFFFF)) | ((DWORD)((WORD)((DWORD_PTR)(high) & 0xFFFF))) << 16))
#define LOWORD(value) ((WORD)((DWORD_PTR)(value) & 0xFFFF))
#define HIWORD(value) ((WORD)(((DWORD_PTR)(value) >> 16) & 0xFFFF))
#define LOBYTE(value) ((BYTE)((DWORD_PTR)(value) & 0xFF))
#define HIBYTE(value) ((BYTE)(((DWORD_PTR)(value) >> 8) & 0xFF))
#define MAKEWPARAM(low, high) ((WPARAM)(DWORD)MAKELONG(low, high))
#define MAKELPARAM(low, high) ((LPARAM)(DWORD)MAKELONG(low, high))
#define UNREFERENCED_PARAMETER(name) ((void)(name))
#define DBG_UNREFERENCED_PARAMETER(name) ((void)(name))
#define DBG_UNREFERENCED_LOCAL_VARIABLE(name) ((void)(name))

/* C++ has std::min and std::max */
#if !defined(NOMINMAX) && !defined(__cplusplus)
#ifndef max
#define max(a, b) (((a) > (b)) ? (a) : (b))
#endif
#ifndef min
#define min(a, b) (((a) < (b)) ? (a) : (b))
#endif
#endif

#ifdef __clang__
#pragma clang diagnostic pop
#endif

#include "winnt.h"

#endif
