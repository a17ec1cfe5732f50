/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Events, waits, threads, memory, libraries, last error, time and strings: the functions of Windows' own libraries that
 * RAS sources use. docs/compat/ says how each behaves here.
 */
#ifndef OPENRAS_WINBASE_H
#define OPENRAS_WINBASE_H

#include <stdarg.h>

#include "windef.h"
#include "winerror.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef INVALID_HANDLE_VALUE
#define INVALID_HANDLE_VALUE ((HANDLE)(LONG_PTR)-1)
#endif
#define INFINITE 0xFFFFFFFFu
#define WAIT_OBJECT_0 ((DWORD)0x00000000)
#define WAIT_ABANDONED ((DWORD)0x00000080)
#define WAIT_ABANDONED_0 ((DWORD)0x00000080)
#define WAIT_FAILED ((DWORD)0xFFFFFFFF)
#ifndef WAIT_TIMEOUT
#define WAIT_TIMEOUT 258
#endif

#define STACK_SIZE_PARAM_IS_A_RESERVATION 0x00010000

#define DONT_RESOLVE_DLL_REFERENCES 0x00000001
#define LOAD_WITH_ALTERED_SEARCH_PATH 0x00000008
#define LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR 0x00000100
#define LOAD_LIBRARY_SEARCH_APPLICATION_DIR 0x00000200
#define LOAD_LIBRARY_SEARCH_SYSTEM32 0x00000800
#define LOAD_LIBRARY_SEARCH_DEFAULT_DIRS 0x00001000

#define LMEM_FIXED 0x0000
#define LMEM_ZEROINIT 0x0040
#define LPTR (LMEM_FIXED | LMEM_ZEROINIT)

#define CSTR_LESS_THAN 1
#define CSTR_EQUAL 2
#define CSTR_GREATER_THAN 3
#define NORM_IGNORECASE 0x00000001
#define NORM_IGNORENONSPACE 0x00000002
#define NORM_IGNORESYMBOLS 0x00000004
#define LINGUISTIC_IGNORECASE 0x00000010
#define LINGUISTIC_IGNOREDIACRITIC 0x00000020
#define SORT_STRINGSORT 0x00001000
#define NORM_IGNOREKANATYPE 0x00010000
#define NORM_IGNOREWIDTH 0x00020000
#define NORM_LINGUISTIC_CASING 0x08000000

typedef struct _SECURITY_ATTRIBUTES {
    DWORD nLength;
    LPVOID lpSecurityDescriptor;
    BOOL bInheritHandle;
} SECURITY_ATTRIBUTES, *PSECURITY_ATTRIBUTES, *LPSECURITY_ATTRIBUTES;

typedef DWORD(WINAPI *PTHREAD_START_ROUTINE)(LPVOID parameter);
typedef PTHREAD_START_ROUTINE LPTHREAD_START_ROUTINE;

/* last error, of each thread */
DWORD WINAPI GetLastError(void);
VOID WINAPI SetLastError(DWORD error);

/* events, without names */
HANDLE WINAPI CreateEventA(LPSECURITY_ATTRIBUTES security, BOOL manual_reset, BOOL signalled, LPCSTR name);
HANDLE WINAPI CreateEventW(LPSECURITY_ATTRIBUTES security, BOOL manual_reset, BOOL signalled, LPCWSTR name);
#define CreateEvent OPENRAS_AW(CreateEvent)
BOOL WINAPI SetEvent(HANDLE event);
BOOL WINAPI ResetEvent(HANDLE event);
/* An extension: a descriptor that is readable while the event is signalled, for poll(); never to be read or closed. */
int openras_event_descriptor(HANDLE event);

/* waits for events and threads */
DWORD WINAPI WaitForSingleObject(HANDLE handle, DWORD milliseconds);
DWORD WINAPI WaitForSingleObjectEx(HANDLE handle, DWORD milliseconds, BOOL alertable);
DWORD WINAPI WaitForMultipleObjects(DWORD count, const HANDLE *handles, BOOL all, DWORD milliseconds);
BOOL WINAPI CloseHandle(HANDLE handle);

/* threads */
HANDLE WINAPI CreateThread(LPSECURITY_ATTRIBUTES security, SIZE_T stack, LPTHREAD_START_ROUTINE start, LPVOID parameter,
                           DWORD flags, LPDWORD id);
VOID WINAPI ExitThread(DWORD code) __attribute__((__noreturn__));
BOOL WINAPI GetExitCodeThread(HANDLE thread, LPDWORD code);
DWORD WINAPI GetCurrentThreadId(void);

/* time */
VOID WINAPI Sleep(DWORD milliseconds);
DWORD WINAPI GetTickCount(void);
ULONGLONG WINAPI GetTickCount64(void);

/* memory */
HANDLE WINAPI GetProcessHeap(void);
LPVOID WINAPI HeapAlloc(HANDLE heap, DWORD flags, SIZE_T bytes);
BOOL WINAPI HeapFree(HANDLE heap, DWORD flags, LPVOID block);
BOOL WINAPI HeapSetInformation(HANDLE heap, HEAP_INFORMATION_CLASS which, PVOID data, SIZE_T length);
HLOCAL WINAPI LocalAlloc(UINT flags, SIZE_T bytes);
HLOCAL WINAPI LocalFree(HLOCAL block);

/* libraries */
HMODULE WINAPI LoadLibraryA(LPCSTR name);
HMODULE WINAPI LoadLibraryW(LPCWSTR name);
#define LoadLibrary OPENRAS_AW(LoadLibrary)
HMODULE WINAPI LoadLibraryExA(LPCSTR name, HANDLE file, DWORD flags);
HMODULE WINAPI LoadLibraryExW(LPCWSTR name, HANDLE file, DWORD flags);
#define LoadLibraryEx OPENRAS_AW(LoadLibraryEx)
BOOL WINAPI FreeLibrary(HMODULE library);
HMODULE WINAPI GetModuleHandleA(LPCSTR name);
HMODULE WINAPI GetModuleHandleW(LPCWSTR name);
#define GetModuleHandle OPENRAS_AW(GetModuleHandle)
FARPROC WINAPI GetProcAddress(HMODULE library, LPCSTR name);
BOOL WINAPI DisableThreadLibraryCalls(HMODULE library);

/* strings */
int WINAPI lstrlenA(LPCSTR text);
int WINAPI lstrlenW(LPCWSTR text);
#define lstrlen OPENRAS_AW(lstrlen)
LPSTR WINAPI lstrcpyA(LPSTR to, LPCSTR from);
LPWSTR WINAPI lstrcpyW(LPWSTR to, LPCWSTR from);
#define lstrcpy OPENRAS_AW(lstrcpy)
LPSTR WINAPI lstrcpynA(LPSTR to, LPCSTR from, int room);
LPWSTR WINAPI lstrcpynW(LPWSTR to, LPCWSTR from, int room);
#define lstrcpyn OPENRAS_AW(lstrcpyn)
LPSTR WINAPI lstrcatA(LPSTR to, LPCSTR from);
LPWSTR WINAPI lstrcatW(LPWSTR to, LPCWSTR from);
#define lstrcat OPENRAS_AW(lstrcat)
int WINAPI lstrcmpA(LPCSTR one, LPCSTR other);
int WINAPI lstrcmpW(LPCWSTR one, LPCWSTR other);
#define lstrcmp OPENRAS_AW(lstrcmp)
int WINAPI lstrcmpiA(LPCSTR one, LPCSTR other);
int WINAPI lstrcmpiW(LPCWSTR one, LPCWSTR other);
#define lstrcmpi OPENRAS_AW(lstrcmpi)
int WINAPI CompareStringA(LCID locale, DWORD flags, LPCSTR one, int one_count, LPCSTR other, int other_count);
int WINAPI CompareStringW(LCID locale, DWORD flags, LPCWSTR one, int one_count, LPCWSTR other, int other_count);
#define CompareString OPENRAS_AW(CompareString)

/* formats: at most 1024 characters */
int WINAPIV wsprintfA(LPSTR to, LPCSTR format, ...);
int WINAPIV wsprintfW(LPWSTR to, LPCWSTR format, ...);
#define wsprintf OPENRAS_AW(wsprintf)
int WINAPI wvsprintfA(LPSTR to, LPCSTR format, va_list arguments);
int WINAPI wvsprintfW(LPWSTR to, LPCWSTR format, va_list arguments);
#define wvsprintf OPENRAS_AW(wvsprintf)

/* for whoever debugs: on standard error where OPENRAS_DEBUG is set */
VOID WINAPI OutputDebugStringA(LPCSTR text);
VOID WINAPI OutputDebugStringW(LPCWSTR text);
#define OutputDebugString OPENRAS_AW(OutputDebugString)

/* What the program or library writes itself. C++ needs the declarations for the names to be C's. A program with wmain is
 * linked with libopenras_wmain.a, which has its main. */
#ifdef __cplusplus
BOOL WINAPI DllMain(HINSTANCE library, DWORD reason, LPVOID reserved);
int wmain(int argc, WCHAR **argv);
}
#endif

#endif
