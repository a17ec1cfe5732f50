/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Security modules: libraries that speak with a caller after the line is up and before PPP, and decide whether the call
 * may go on. docs/security-dlls.md tells how to write and to port one.
 *
 * A module exports RasSecurityDialogBegin and RasSecurityDialogEnd. Send, Receive and GetInfo it gets from RASMAN.DLL
 * by LoadLibrary and GetProcAddress, or by linking with -lrasman.
 */
#ifndef OPENRAS_RASSHOST_H
#define OPENRAS_RASSHOST_H

#include "windows.h"
#include "lmcons.h"

/* the names are those of Windows, reserved or not */
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wunknown-warning-option"
#pragma clang diagnostic ignored "-Wreserved-identifier"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* A call. No file and no port of the administration functions. */
typedef HANDLE HPORT, *PHPORT;

#ifndef MAX_DEVICE_NAME
#define MAX_DEVICE_NAME 128
#endif

/* SECURITY_MESSAGE.dwMsgId: the verdict */
#define SECURITYMSG_SUCCESS 1
#define SECURITYMSG_FAILURE 2
#define SECURITYMSG_ERROR 3

/* How a dialog ended; aligned by nature, not packed. */
typedef struct _SECURITY_MESSAGE {
    DWORD dwMsgId;             /* SECURITYMSG_* */
    HPORT hPort;               /* as from Begin */
    DWORD dwError;             /* SECURITYMSG_ERROR: why; else 0 */
    CHAR UserName[UNLEN + 1];  /* who it was */
    CHAR Domain[DNLEN + 1];
} SECURITY_MESSAGE, *PSECURITY_MESSAGE;

/* How the last Receive went. */
typedef struct _RAS_SECURITY_INFO {
    DWORD LastError;                      /* 0, PENDING or an error */
    DWORD BytesReceived;                  /* where LastError is 0 */
    CHAR DeviceName[MAX_DEVICE_NAME + 1]; /* of the line */
} RAS_SECURITY_INFO, *PRAS_SECURITY_INFO;

/* What GetProcAddress gives for Send, Receive and GetInfo may be called through this, whichever it is. */
#if !defined(__cplusplus)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#endif
typedef DWORD(WINAPI *RASSECURITYPROC) OPENRAS_ANY_ARGUMENTS;
#if !defined(__cplusplus)
#pragma GCC diagnostic pop
#endif

/* The module's: exactly these parameters, so that C++ modules export the plain names.
 *
 * Begin gets a call, buffers that are the server's and valid until Complete, and the address of Complete. It starts a
 * thread for the dialog and returns 0 at once, or an error, which hangs up. End tells that the call is over: before
 * Complete 0 means that Complete is still to come, an error that it is not. */
DWORD WINAPI RasSecurityDialogBegin(HPORT hPort, PBYTE pSendBuf, DWORD SendBufSize, PBYTE pRecvBuf,
    DWORD RecvBufSize, VOID(WINAPI *RasSecurityDialogComplete)(SECURITY_MESSAGE *));
DWORD WINAPI RasSecurityDialogEnd(HPORT hPort);

/* The server's. Send and Receive give PENDING (600) when all is well. Receive signals `hEvent` when as many bytes are
 * there as were asked for in *pBufferLength, or after `Timeout` seconds (0: never) with 0 in *pBufferLength. */
DWORD WINAPI RasSecurityDialogSend(HPORT hPort, PBYTE pBuffer, WORD BufferLength);
DWORD WINAPI RasSecurityDialogReceive(HPORT hPort, PBYTE pBuffer, PWORD pBufferLength, DWORD Timeout, HANDLE hEvent);
DWORD WINAPI RasSecurityDialogGetInfo(HPORT hPort, RAS_SECURITY_INFO *pBuffer);
VOID WINAPI RasSecurityDialogComplete(SECURITY_MESSAGE *pSecMsg);

#ifdef __cplusplus
}
#endif

#ifdef __clang__
#pragma clang diagnostic pop
#endif

#endif
