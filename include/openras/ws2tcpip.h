/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * IPv6 addresses, and addresses as text.
 */
#ifndef OPENRAS_WS2TCPIP_H
#define OPENRAS_WS2TCPIP_H

#include <arpa/inet.h>
#include <netdb.h>

#include "winsock2.h"

typedef struct in6_addr IN6_ADDR, *PIN6_ADDR, *LPIN6_ADDR;
typedef struct sockaddr_in6 SOCKADDR_IN6, *PSOCKADDR_IN6, *LPSOCKADDR_IN6;
typedef struct addrinfo ADDRINFOA, *PADDRINFOA;

#ifdef __cplusplus
extern "C" {
#endif

/* As inet_ntop: `family` is AF_INET or AF_INET6, `size` counts the characters `to` has room for. NULL if that is too
 * small or the family is another; GetLastError tells which. */
LPCSTR WINAPI InetNtopA(INT family, const VOID *address, LPSTR to, size_t size);
LPCWSTR WINAPI InetNtopW(INT family, const VOID *address, LPWSTR to, size_t size);
#define InetNtop OPENRAS_AW(InetNtop)

#ifdef __cplusplus
}
#endif

#endif
