/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Lengths of names, in characters and without the NUL.
 */
#ifndef OPENRAS_LMCONS_H
#define OPENRAS_LMCONS_H

#include "windef.h"

#define UNLEN 256
#define LM20_UNLEN 20
#define PWLEN 256
#define LM20_PWLEN 14
#define CNLEN 15
#define LM20_CNLEN 15
#define DNLEN 15
#define LM20_DNLEN 15
#define UNCLEN (CNLEN + 2)
#define NETBIOS_NAME_LEN 16

#ifndef NET_API_STATUS
#define NET_API_STATUS DWORD
#endif
#define API_FUNCTION NET_API_STATUS

#endif
