/* Written as such sources are: names of headers in capitals, casts of GetProcAddress, no extern "C", parameters by other
 * names. Compiled as C and as C++. */
#include <WINDOWS.H>
#include <RASSHOST.H>
#include <RASERROR.H>

typedef DWORD(WINAPI *PFNSEND)(HPORT, PBYTE, WORD);
typedef DWORD(WINAPI *PFNRECEIVE)(HPORT, PBYTE, PWORD, DWORD, HANDLE);
typedef VOID(WINAPI *PFNCOMPLETE)(SECURITY_MESSAGE *);

static HINSTANCE g_hRasman = NULL;
static PFNSEND g_pfnSend;
static PFNRECEIVE g_pfnReceive;
static PFNCOMPLETE g_pfnComplete;
static HPORT g_hPort;
static PBYTE g_pSend, g_pReceive;
static DWORD g_dwReceiveSize;

static DWORD WINAPI DialogThread(LPVOID lpParameter)
{
    SECURITY_MESSAGE Message;
    HANDLE hEvent = CreateEvent(NULL, TRUE, FALSE, NULL);
    CHAR szText[64];
    DWORD dwLength = 4;

    UNREFERENCED_PARAMETER(lpParameter);
    wsprintfA(szText, "PIN (%d digits, %s): ", (int)dwLength, "please");
    lstrcpyA((LPSTR)g_pSend, szText);
    g_pfnSend(g_hPort, g_pSend, (WORD)lstrlenA((LPSTR)g_pSend));
    g_pfnReceive(g_hPort, g_pReceive, (WORD *)&dwLength, 30, hEvent);
    WaitForSingleObject(hEvent, INFINITE);
    ZeroMemory(&Message, sizeof(Message));
    Message.hPort = g_hPort;
    Message.dwMsgId = SECURITYMSG_FAILURE;
    if (dwLength == 4) {
        g_pReceive[4] = '\0';
        if (lstrcmpA((LPCSTR)g_pReceive, "1234") == 0)
            Message.dwMsgId = SECURITYMSG_SUCCESS;
    }
    lstrcpyA(Message.UserName, "alice");
    lstrcpyA(Message.Domain, "LAB");
    CloseHandle(hEvent);
    (*g_pfnComplete)(&Message);
    return 0;
}

DWORD WINAPI RasSecurityDialogBegin(IN HPORT hPort, IN PBYTE pSendBuffer, IN DWORD dwSendBufferSize,
    IN PBYTE pReceiveBuffer, IN DWORD dwReceiveBufferSize, IN VOID(WINAPI *pfnComplete)(SECURITY_MESSAGE *))
{
    DWORD dwThreadId;
    HANDLE hThread;

    if (g_hRasman == NULL) {
        g_hRasman = LoadLibrary(TEXT("RASMAN.DLL"));
        if (g_hRasman == NULL)
            return GetLastError();
        g_pfnSend = (PFNSEND)GetProcAddress(g_hRasman, "RasSecurityDialogSend");
        g_pfnReceive = (PFNRECEIVE)GetProcAddress(g_hRasman, "RasSecurityDialogReceive");
        if (g_pfnSend == NULL || g_pfnReceive == NULL)
            return GetLastError();
    }
    if (dwSendBufferSize < 64)
        return ERROR_BUFFER_TOO_SMALL;
    g_hPort = hPort;
    g_pSend = pSendBuffer;
    g_pReceive = pReceiveBuffer;
    g_dwReceiveSize = dwReceiveBufferSize;
    g_pfnComplete = pfnComplete;
    hThread = CreateThread(NULL, 0, DialogThread, (LPVOID)hPort, 0, &dwThreadId);
    if (hThread == NULL)
        return GetLastError();
    CloseHandle(hThread);
    return NO_ERROR;
}

DWORD WINAPI RasSecurityDialogEnd(IN HPORT hPort)
{
    return hPort == g_hPort && g_dwReceiveSize > 4 ? NO_ERROR : ERROR_PORT_DISCONNECTED;
}
