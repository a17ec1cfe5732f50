/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What OpenRAS offers beyond the names of Windows. Programs that must also be compiled on Windows ask
 * `#ifdef OPENRAS_API` after including this where it exists.
 *
 * Everything here may be called from any thread, also within a handler of RasDial. OpenrasTerminal asks the service and
 * waits for its answer, and so do OpenrasEvents and OpenrasReason for a connection that another program dialled; the
 * others never wait. As all functions of RAS these give 0 or a number of raserror.h or winerror.h, unless said otherwise.
 */
#ifndef OPENRAS_H
#define OPENRAS_H

#include "ras.h"
#include "raserror.h"

/* Goes up when something is added here; nothing is ever taken away or changed. */
#define OPENRAS_API 1

#ifdef __cplusplus
extern "C" {
#endif

/* The OPENRAS_API of the library that is loaded: not less than the program's, or it lacks what the program asks for. */
DWORD WINAPI OpenrasApi(VOID);

/* The terminal of a connection that is paused in RASCS_Interactive: a stream socket that carries what the other side
 * sends and what it is to be sent, byte for byte, until the program resumes the dial by RasDial. It reads end of file
 * when the pause is over. What the program has written by then is sent before the dial goes on; PPP begins with what
 * comes afterwards. One descriptor at a time: another call of this function ends the one before.
 *
 * Gives a new file descriptor, which the caller closes (that ends neither pause nor call) and which is closed on exec;
 * or -1, where GetLastError() says 6 (no such connection), 87 (it is not paused in RASCS_Interactive) or 4 (too many
 * open files). */
int WINAPI OpenrasTerminal(HRASCONN connection);

/* For programs with an event loop of their own. RasDial with
 *
 *     dwNotifierType = OPENRAS_EVENTS, lpvNotifier = OPENRAS_NO_HANDLER
 *
 * returns at once and calls nobody; the states wait in a queue instead. The dial does not wait for the program, but at
 * pauses (RDEOPT_PausedStates), which are resumed as ever. */
#define OPENRAS_EVENTS 0x4F525301u
#define OPENRAS_NO_HANDLER ((LPVOID)(ULONG_PTR)OPENRAS_EVENTS)

/* A file descriptor on which poll(), select() and epoll tell "readable" while a state waits. Do not read from it: take
 * the states by OpenrasNextState until there is none.
 *
 * It works for every handle: on one that was dialled otherwise, or comes from RasEnumConnections, states wait from the
 * first call of this function on, and the first is the present one.
 *
 * Gives a new file descriptor, which the caller closes and which is closed on exec; or -1, where GetLastError() says 6
 * (no such connection), 4 (too many open files) or, for a connection of another program, 711 (the service is gone).
 * After RASCS_Connected it stays silent until RASCS_Disconnected. RasHangUp does not close it: what waits can be taken
 * until the handle is unknown. Then OpenrasNextState gives 6, and the descriptor means nothing any more. */
int WINAPI OpenrasEvents(HRASCONN connection);

/* A state. What the handlers of RasDial get, in one piece. */
typedef struct tagOPENRASSTATE {
    DWORD dwSize;              /* set by the caller: sizeof(OPENRASSTATE) */
    RASCONNSTATE rasconnstate; /* which */
    DWORD dwError;             /* not 0: what failed in it; the dial is over, but where RASCS_RetryAuthentication or
                                * RASCS_PasswordExpired asks because of it. RasDial gives 756 where it is over */
    DWORD dwExtendedError;     /* more about dwError, for the few numbers that have more */
    DWORD dwSubEntry;          /* of which link, from 1 */
    DWORD dwMissed;            /* how many older states were dropped before this one: 64 wait, no more */
} OPENRASSTATE, *LPOPENRASSTATE;

/* The oldest state that waits, which thereby waits no more. 259 (ERROR_NO_MORE_ITEMS) if there is none, 6 for no such
 * connection, 87 for NULL, 632 for a wrong dwSize. */
DWORD WINAPI OpenrasNextState(HRASCONN connection, LPOPENRASSTATE state);

/* Why a connection failed or ended, in English sentences: what happened, what it means, what can be done. With NULL for
 * the connection: of the RAS calls of this thread that failed, OpenrasTerminal and OpenrasEvents among them, why the
 * last did. "" where nothing went wrong.
 *
 * `bytes` tells how many bytes `text` has room for and gets how many the text takes, with its NUL; UTF-8. 603 and the
 * need if that is more (`text` may then be NULL), 6 for no such connection, 87 where `bytes` is NULL. A reason is kept
 * as long as its handle, that of another program's connection as long as the service remembers it; the thread's until
 * another call fails. */
DWORD WINAPI OpenrasReason(HRASCONN connection, LPSTR text, LPDWORD bytes);

/* A sentence for any number of raserror.h and winerror.h, also for those RasGetErrorString refuses; `text` and `bytes`
 * as above. A number without a sentence gives one that says so. */
DWORD WINAPI OpenrasErrorText(DWORD error, LPSTR text, LPDWORD bytes);

#ifdef __cplusplus
}
#endif

#endif
