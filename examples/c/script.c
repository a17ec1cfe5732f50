/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A custom script: answers the questions of the other end before PPP begins. Its path is registered in the value
 * CustomScriptDllPath of HKLM\System\CurrentControlSet\Services\Rasman\Parameters; RasDial runs it, in a process of its
 * own, for an entry with RASEO_CustomScript when the program says RDEOPT_UseCustomScripting.
 *
 *     gcc -shared -fPIC -o libscript.so script.c
 *
 * The other end asks for a word, which this takes from the environment (SCRIPT_WORD).
 */
#define UNICODE
#define _UNICODE
#include <windows.h>
#include <stdlib.h>
#include <string.h>
#include <ras.h>
#include <raserror.h>

#define PATIENCE 30000 /* milliseconds for each answer */

/* What the functions below need of the call. */
struct talk {
    HANDLE port;
    HANDLE event;
    PBYTE buffer;
    DWORD room;
    PFNRASSENDBUFFER send;
    PFNRASRECEIVEBUFFER receive;
    PFNRASRETRIEVEBUFFER retrieve;
};

static DWORD say(struct talk *talk, const char *text)
{
    size_t length = strlen(text);
    if (length > talk->room)
        return ERROR_BUFFER_TOO_SMALL;
    memcpy(talk->buffer, text, length);
    return talk->send(talk->port, talk->buffer, (DWORD)length);
}

/* Reads on until the other end has said the text. Times are milliseconds. */
static DWORD wait_for(struct talk *talk, const char *text)
{
    char heard[512];
    size_t have = 0, wanted = strlen(text);
    for (;;) {
        DWORD size = talk->room;
        DWORD error = talk->receive(talk->port, talk->buffer, &size, PATIENCE, talk->event);
        if (error != ERROR_SUCCESS)
            return error;
        WaitForSingleObject(talk->event, INFINITE);
        error = talk->retrieve(talk->port, talk->buffer, &size);
        if (error != ERROR_SUCCESS)
            return error;
        for (DWORD i = 0; i < size; i++) {
            if (have == sizeof heard) {
                /* only the end can match */
                memmove(heard, heard + 1, --have);
            }
            heard[have++] = (char)talk->buffer[i];
            if (have >= wanted && memcmp(heard + have - wanted, text, wanted) == 0)
                return ERROR_SUCCESS;
        }
    }
}

DWORD WINAPI RasCustomScriptExecute(HANDLE port, LPCWSTR phonebook, LPCWSTR entry, PFNRASGETBUFFER get_buffer,
    PFNRASFREEBUFFER free_buffer, PFNRASSENDBUFFER send_buffer, PFNRASRECEIVEBUFFER receive_buffer,
    PFNRASRETRIEVEBUFFER retrieve_buffer, HWND window, RASDIALPARAMS *params, PVOID reserved)
{
    struct talk talk;
    const char *word = getenv("SCRIPT_WORD");
    DWORD error;
    (void)phonebook;
    (void)entry;
    (void)window;
    (void)params;
    (void)reserved;
    talk.port = port;
    talk.send = send_buffer;
    talk.receive = receive_buffer;
    talk.retrieve = retrieve_buffer;
    talk.event = CreateEvent(NULL, TRUE, FALSE, NULL);
    if (talk.event == NULL)
        return GetLastError();
    error = get_buffer(&talk.buffer, &talk.room);
    if (error == ERROR_SUCCESS) {
        error = wait_for(&talk, "Word: ");
        if (error == ERROR_SUCCESS)
            error = say(&talk, word != NULL ? word : "open");
        if (error == ERROR_SUCCESS)
            error = say(&talk, "\r");
        free_buffer(talk.buffer);
    }
    CloseHandle(talk.event);
    return error;
}
