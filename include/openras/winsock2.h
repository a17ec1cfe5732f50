/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The sockets of this system under the names Windows sources include them by. Only what is the same is offered: there
 * is no WSAStartup, and a socket is closed by close().
 */
#ifndef OPENRAS_WINSOCK2_H
#define OPENRAS_WINSOCK2_H

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include "windows.h"

typedef struct in_addr IN_ADDR, *PIN_ADDR, *LPIN_ADDR;
typedef struct sockaddr SOCKADDR, *PSOCKADDR, *LPSOCKADDR;
typedef struct sockaddr_in SOCKADDR_IN, *PSOCKADDR_IN, *LPSOCKADDR_IN;

#endif
