/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The Win32 numbers that RAS functions and our Win32 functions give, and those that RAS sources compare with. The RAS
 * numbers are in raserror.h.
 */
#ifndef OPENRAS_WINERROR_H
#define OPENRAS_WINERROR_H

#include "windef.h"

/* the names are those of Windows, reserved or not */
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wunknown-warning-option"
#pragma clang diagnostic ignored "-Wreserved-identifier"
#endif

#define NO_ERROR 0
#define ERROR_SUCCESS 0
#define ERROR_INVALID_FUNCTION 1
#define ERROR_FILE_NOT_FOUND 2
#define ERROR_PATH_NOT_FOUND 3
#define ERROR_TOO_MANY_OPEN_FILES 4
#define ERROR_ACCESS_DENIED 5
#define ERROR_INVALID_HANDLE 6
#define ERROR_NOT_ENOUGH_MEMORY 8
#define ERROR_BAD_ENVIRONMENT 10
#define ERROR_BAD_FORMAT 11
#define ERROR_INVALID_ACCESS 12
#define ERROR_INVALID_DATA 13
#define ERROR_OUTOFMEMORY 14
#define ERROR_NO_MORE_FILES 18
#define ERROR_WRITE_PROTECT 19
#define ERROR_NOT_READY 21
#define ERROR_BAD_LENGTH 24
#define ERROR_WRITE_FAULT 29
#define ERROR_READ_FAULT 30
#define ERROR_GEN_FAILURE 31
#define ERROR_SHARING_VIOLATION 32
#define ERROR_LOCK_VIOLATION 33
#define ERROR_HANDLE_EOF 38
#define ERROR_NOT_SUPPORTED 50
#define ERROR_BAD_NETPATH 53
#define ERROR_NETWORK_BUSY 54
#define ERROR_DEV_NOT_EXIST 55
#define ERROR_FILE_EXISTS 80
#define ERROR_INVALID_PASSWORD 86
#define ERROR_INVALID_PARAMETER 87
#define ERROR_NO_PROC_SLOTS 89
#define ERROR_BROKEN_PIPE 109
#define ERROR_OPEN_FAILED 110
#define ERROR_BUFFER_OVERFLOW 111
#define ERROR_DISK_FULL 112
#define ERROR_CALL_NOT_IMPLEMENTED 120
#define ERROR_SEM_TIMEOUT 121
#define ERROR_INSUFFICIENT_BUFFER 122
#define ERROR_INVALID_NAME 123
#define ERROR_INVALID_LEVEL 124
#define ERROR_MOD_NOT_FOUND 126
#define ERROR_PROC_NOT_FOUND 127
#define ERROR_WAIT_NO_CHILDREN 128
#define ERROR_NOT_LOCKED 158
#define ERROR_BAD_PATHNAME 161
#define ERROR_BUSY 170
#define ERROR_ALREADY_EXISTS 183
#define ERROR_BAD_EXE_FORMAT 193
#define ERROR_ENVVAR_NOT_FOUND 203
#define ERROR_FILENAME_EXCED_RANGE 206
#define ERROR_PIPE_BUSY 231
#define ERROR_NO_DATA 232
#define ERROR_MORE_DATA 234
#define WAIT_TIMEOUT 258
#define ERROR_NO_MORE_ITEMS 259
#define ERROR_NOT_OWNER 288
#define ERROR_TOO_MANY_POSTS 298
#define ERROR_INVALID_ADDRESS 487
#define ERROR_OPERATION_ABORTED 995
#define ERROR_IO_INCOMPLETE 996
#define ERROR_IO_PENDING 997
#define ERROR_NOACCESS 998
#define ERROR_STACK_OVERFLOW 1001
#define ERROR_CAN_NOT_COMPLETE 1003
#define ERROR_INVALID_FLAGS 1004
#define ERROR_BADDB 1009
#define ERROR_BADKEY 1010
#define ERROR_CANTOPEN 1011
#define ERROR_CANTREAD 1012
#define ERROR_CANTWRITE 1013
#define ERROR_KEY_DELETED 1018
#define ERROR_KEY_HAS_CHILDREN 1020
#define ERROR_SERVICE_NOT_ACTIVE 1062
#define ERROR_NO_TOKEN 1008
#define ERROR_DLL_INIT_FAILED 1114
#define ERROR_NO_UNICODE_TRANSLATION 1113
#define ERROR_NOT_FOUND 1168
#define ERROR_CANCELLED 1223
#define ERROR_RETRY 1237
#define ERROR_NOT_AUTHENTICATED 1244
#define ERROR_INTERNAL_ERROR 1359
#define ERROR_PRIVILEGE_NOT_HELD 1314
#define ERROR_NO_SUCH_USER 1317
#define ERROR_LOGON_FAILURE 1326
#define ERROR_TIMEOUT 1460
#define ERROR_NO_SYSTEM_RESOURCES 1450
#define ERROR_INVALID_USER_BUFFER 1784
#define ERROR_UNRECOGNIZED_MEDIA 1785
#define ERROR_NOT_ENOUGH_QUOTA 1816

/* HRESULTs: some functions give these instead */
#define SEVERITY_SUCCESS 0
#define SEVERITY_ERROR 1
#define FACILITY_NULL 0
#define FACILITY_WIN32 7
#define S_OK ((HRESULT)0)
#define S_FALSE ((HRESULT)1)
#define E_NOTIMPL ((HRESULT)0x80004001u)
#define E_NOINTERFACE ((HRESULT)0x80004002u)
#define E_POINTER ((HRESULT)0x80004003u)
#define E_ABORT ((HRESULT)0x80004004u)
#define E_FAIL ((HRESULT)0x80004005u)
#define E_UNEXPECTED ((HRESULT)0x8000FFFFu)
#define E_ACCESSDENIED ((HRESULT)0x80070005u)
#define E_HANDLE ((HRESULT)0x80070006u)
#define E_OUTOFMEMORY ((HRESULT)0x8007000Eu)
#define E_INVALIDARG ((HRESULT)0x80070057u)
#define SUCCEEDED(result) ((HRESULT)(result) >= 0)
#define FAILED(result) ((HRESULT)(result) < 0)
#define IS_ERROR(result) (((unsigned int)(result) >> 31) == SEVERITY_ERROR)
#define HRESULT_CODE(result) ((result)&0xFFFF)
#define SCODE_CODE(result) ((result)&0xFFFF)
#define HRESULT_FACILITY(result) (((result) >> 16) & 0x1FFF)
#define HRESULT_SEVERITY(result) (((result) >> 31) & 1)
#define MAKE_HRESULT(severity, facility, code)                                                                \
    ((HRESULT)(((unsigned int)(severity) << 31) | ((unsigned int)(facility) << 16) | ((unsigned int)(code))))
#define __HRESULT_FROM_WIN32(number)                                                                          \
    ((HRESULT)(number) <= 0 ? (HRESULT)(number)                                                               \
                            : (HRESULT)(((unsigned int)(number)&0x0000FFFFu) | (FACILITY_WIN32 << 16) | 0x80000000u))
/* Evaluates `number` once, as in HRESULT_FROM_WIN32(RasDial(...)), and is a constant where it is one. C++98 has no means for
 * both: there it evaluates it more than once. */
#if !defined(__cplusplus)
static __inline__ __attribute__((__unused__)) HRESULT openras_hresult(unsigned int number)
{
    return __HRESULT_FROM_WIN32(number);
}
#define HRESULT_FROM_WIN32(number)                                                                            \
    __builtin_choose_expr(__builtin_constant_p(number), __HRESULT_FROM_WIN32(number),                         \
                          openras_hresult((unsigned int)(number)))
#elif __cplusplus >= 201103L
constexpr HRESULT openras_hresult(unsigned int number) { return __HRESULT_FROM_WIN32(number); }
#define HRESULT_FROM_WIN32(number) openras_hresult(static_cast<unsigned int>(number))
#else
#define HRESULT_FROM_WIN32(number) __HRESULT_FROM_WIN32(number)
#endif

/* network management */
#ifndef NERR_BASE
#define NERR_BASE 2100
#endif
#ifndef NERR_Success
#define NERR_Success 0
#define NERR_ItemNotFound (NERR_BASE + 15)
#define NERR_BufTooSmall (NERR_BASE + 23)
#define NERR_UserNotFound (NERR_BASE + 121)
#endif

#ifdef __clang__
#pragma clang diagnostic pop
#endif

#endif
