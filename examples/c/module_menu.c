/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A security module of the original interface that prints a menu, in the manner of old ones: what Send returns is not
 * looked at, the length of a Receive is a DWORD cast to a WORD, GetProcAddress gives functions of any arguments. It works
 * all the same, on the little-endian machines such sources were written for.
 */
#include <windows.h>
#include <rasshost.h>
#include <raserror.h>

#include <string.h>

static RASSECURITYPROC Send, Receive;

static const char MENU[] = "\r\n"
                           "  1  Go on to the network\r\n"
                           "  2  Opening hours\r\n"
                           "  3  Hang up\r\n"
                           "\r\n"
                           "Your choice: ";

typedef struct Line {
    HPORT port;
    PBYTE send, receive;
    DWORD send_size, receive_size;
    VOID(WINAPI *complete)(SECURITY_MESSAGE *);
} Line;

/* One line at a time is enough for an example: with isolation = "call" each has a process of its own. */
static Line line;

static void say(const char *text)
{
    DWORD length = lstrlenA(text);
    if (length > line.send_size)
        length = line.send_size;
    memcpy(line.send, text, length);
    Send(line.port, line.send, (WORD)length);
}

/* A word up to its line's end; its length, 0 where nothing came. */
static DWORD word(HANDLE event, char *to, DWORD most)
{
    DWORD length = 0;
    while (length < most) {
        DWORD wanted = 1;
        Receive(line.port, line.receive, (WORD *)&wanted, 120, event);
        WaitForSingleObject(event, INFINITE);
        if (wanted == 0)
            return 0;
        if (line.receive[0] == '\r' || line.receive[0] == '\n') {
            if (length)
                break;
            continue;
        }
        to[length++] = (char)line.receive[0];
        line.send[0] = line.receive[0];
        Send(line.port, line.send, 1);
    }
    to[length] = '\0';
    return length;
}

static DWORD WINAPI menu(LPVOID parameter)
{
    HANDLE event = CreateEvent(NULL, TRUE, FALSE, NULL);
    SECURITY_MESSAGE message;
    char typed[64];
    (void)parameter;
    memset(&message, 0, sizeof message);
    message.hPort = line.port;
    message.dwMsgId = SECURITYMSG_FAILURE;
    for (;;) {
        say(MENU);
        if (!word(event, typed, 1) || typed[0] == '3')
            break;
        if (typed[0] == '2') {
            say("\r\nMonday to Friday, 8 to 18.\r\n");
        } else if (typed[0] == '1') {
            say("\r\nYour name: ");
            if (word(event, typed, sizeof typed - 1)) {
                lstrcpyA(message.UserName, typed);
                message.dwMsgId = SECURITYMSG_SUCCESS;
                say("\r\nGood day.\r\n");
            }
            break;
        }
    }
    if (message.dwMsgId == SECURITYMSG_FAILURE)
        say("\r\nGood-bye.\r\n");
    CloseHandle(event);
    line.complete(&message);
    return 0;
}

DWORD WINAPI RasSecurityDialogBegin(HPORT hPort, PBYTE pSendBuf, DWORD SendBufSize, PBYTE pRecvBuf, DWORD RecvBufSize,
    VOID(WINAPI *RasSecurityDialogComplete)(SECURITY_MESSAGE *))
{
    HMODULE rasman = LoadLibrary(TEXT("rasman"));
    HANDLE thread;
    Send = (RASSECURITYPROC)(void (*)(void))GetProcAddress(rasman, "RasSecurityDialogSend");
    Receive = (RASSECURITYPROC)(void (*)(void))GetProcAddress(rasman, "RasSecurityDialogReceive");
    line.port = hPort;
    line.send = pSendBuf;
    line.send_size = SendBufSize;
    line.receive = pRecvBuf;
    line.receive_size = RecvBufSize;
    line.complete = RasSecurityDialogComplete;
    thread = CreateThread(NULL, 0, menu, NULL, 0, NULL);
    if (!thread)
        return GetLastError();
    CloseHandle(thread);
    return NO_ERROR;
}

DWORD WINAPI RasSecurityDialogEnd(HPORT hPort)
{
    (void)hPort;
    return NO_ERROR;
}
