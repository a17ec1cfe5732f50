/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Administration of the server on this machine. Server names are NULL or this machine's; text is always WCHAR; what a
 * function allocates is given back by RasAdminFreeBuffer. Structures are aligned by nature, not packed.
 */
#ifndef OPENRAS_RASSAPI_H
#define OPENRAS_RASSAPI_H

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

/* lengths in characters; the arrays do not all add one */
#define RASSAPI_MAX_PHONENUMBER_SIZE 128
#define RASSAPI_MAX_MEDIA_NAME 16
#define RASSAPI_MAX_PORT_NAME 16
#define RASSAPI_MAX_DEVICE_NAME 128
#define RASSAPI_MAX_DEVICETYPE_NAME 16
#define RASSAPI_MAX_PARAM_KEY_SIZE 32
#define RAS_IPADDRESSLEN 15
#define RAS_IPXADDRESSLEN 22
#define RAS_ATADDRESSLEN 32

/* RAS_USER_0.bfPrivilege: one of the first three, and whether the user may dial in */
#define RASPRIV_NoCallback 0x01
#define RASPRIV_AdminSetCallback 0x02
#define RASPRIV_CallerSetCallback 0x04
#define RASPRIV_DialinPrivilege 0x08
#define RASPRIV_CallbackType (RASPRIV_AdminSetCallback | RASPRIV_CallerSetCallback | RASPRIV_NoCallback)

/* RAS_PORT_1.HardwareCondition */
#define RAS_MODEM_OPERATIONAL 1
#define RAS_MODEM_NOT_RESPONDING 2
#define RAS_MODEM_HARDWARE_FAILURE 3
#define RAS_MODEM_INCORRECT_RESPONSE 4
#define RAS_MODEM_UNKNOWN 5

/* RAS_PORT_1.LineCondition */
#define RAS_PORT_NON_OPERATIONAL 1
#define RAS_PORT_DISCONNECTED 2
#define RAS_PORT_CALLING_BACK 3
#define RAS_PORT_LISTENING 4
#define RAS_PORT_AUTHENTICATING 5
#define RAS_PORT_AUTHENTICATED 6
#define RAS_PORT_INITIALIZING 7

/* RAS_PORT_0.Flags: USER_AUTHENTICATED says that somebody is connected */
#define USER_AUTHENTICATED 0x0001
#define MESSENGER_PRESENT 0x0002
#define PPP_CLIENT 0x0004
#define GATEWAY_ACTIVE 0x0008
#define REMOTE_LISTEN 0x0010
#define PORT_MULTILINKED 0x0020

#define MEDIA_UNKNOWN 0
#define MEDIA_SERIAL 1
#define MEDIA_RAS10_SERIAL 2
#define MEDIA_X25 3
#define MEDIA_ISDN 4

/* RAS_SERVER_0.RasVersion */
#define RASDOWNLEVEL 10
#define RASADMIN_35 35
#define RASADMIN_CURRENT 40

typedef ULONG IPADDR;

/* parameters of the media, by name */
typedef enum RAS_PARAMS_FORMAT { ParamNumber = 0, ParamString = 1 } RAS_PARAMS_FORMAT;
typedef union RAS_PARAMS_VALUE {
    DWORD Number;
    struct {
        DWORD Length;
        PCHAR Data;
    } String;
} RAS_PARAMS_VALUE;
typedef struct RAS_PARAMETERS {
    CHAR P_Key[RASSAPI_MAX_PARAM_KEY_SIZE];
    RAS_PARAMS_FORMAT P_Type;
    BYTE P_Attributes;
    RAS_PARAMS_VALUE P_Value;
} RAS_PARAMETERS;

typedef struct _RAS_PPP_NBFCP_RESULT {
    DWORD dwError;
    DWORD dwNetBiosError;
    CHAR szName[NETBIOS_NAME_LEN + 1];
    WCHAR wszWksta[NETBIOS_NAME_LEN + 1];
} RAS_PPP_NBFCP_RESULT, *PRAS_PPP_NBFCP_RESULT;

typedef struct _RAS_PPP_IPCP_RESULT {
    DWORD dwError;
    WCHAR wszAddress[RAS_IPADDRESSLEN + 1];
} RAS_PPP_IPCP_RESULT, *PRAS_PPP_IPCP_RESULT;

typedef struct _RAS_PPP_IPXCP_RESULT {
    DWORD dwError;
    WCHAR wszAddress[RAS_IPXADDRESSLEN + 1];
} RAS_PPP_IPXCP_RESULT, *PRAS_PPP_IPXCP_RESULT;

typedef struct _RAS_PPP_ATCP_RESULT {
    DWORD dwError;
    WCHAR wszAddress[RAS_ATADDRESSLEN + 1];
} RAS_PPP_ATCP_RESULT, *PRAS_PPP_ATCP_RESULT;

/* what the network protocols settled: each is valid where its dwError is 0 */
typedef struct _RAS_PPP_PROJECTION_RESULT {
    RAS_PPP_NBFCP_RESULT nbf;
    RAS_PPP_IPCP_RESULT ip;
    RAS_PPP_IPXCP_RESULT ipx;
    RAS_PPP_ATCP_RESULT at;
} RAS_PPP_PROJECTION_RESULT, *PRAS_PPP_PROJECTION_RESULT;

/* a port */
typedef struct _RAS_PORT_0 {
    WCHAR wszPortName[RASSAPI_MAX_PORT_NAME];
    WCHAR wszDeviceType[RASSAPI_MAX_DEVICETYPE_NAME];
    WCHAR wszDeviceName[RASSAPI_MAX_DEVICE_NAME];
    WCHAR wszMediaName[RASSAPI_MAX_MEDIA_NAME];
    DWORD reserved;
    DWORD Flags;
    WCHAR wszUserName[UNLEN + 1];
    WCHAR wszComputer[NETBIOS_NAME_LEN];
    DWORD dwStartSessionTime;
    WCHAR wszLogonDomain[DNLEN + 1];
    BOOL fAdvancedServer;
} RAS_PORT_0, *PRAS_PORT_0;

/* a port in detail */
typedef struct _RAS_PORT_1 {
    RAS_PORT_0 rasport0;
    DWORD LineCondition;
    DWORD HardwareCondition;
    DWORD LineSpeed;
    WORD NumStatistics;
    WORD NumMediaParms;
    DWORD SizeMediaParms;
    RAS_PPP_PROJECTION_RESULT ProjResult;
} RAS_PORT_1, *PRAS_PORT_1;

/* counters: of the connection, then of this port alone */
typedef struct _RAS_PORT_STATISTICS {
    DWORD dwBytesXmited;
    DWORD dwBytesRcved;
    DWORD dwFramesXmited;
    DWORD dwFramesRcved;
    DWORD dwCrcErr;
    DWORD dwTimeoutErr;
    DWORD dwAlignmentErr;
    DWORD dwHardwareOverrunErr;
    DWORD dwFramingErr;
    DWORD dwBufferOverrunErr;
    DWORD dwBytesXmitedUncompressed;
    DWORD dwBytesRcvedUncompressed;
    DWORD dwBytesXmitedCompressed;
    DWORD dwBytesRcvedCompressed;
    DWORD dwPortBytesXmited;
    DWORD dwPortBytesRcved;
    DWORD dwPortFramesXmited;
    DWORD dwPortFramesRcved;
    DWORD dwPortCrcErr;
    DWORD dwPortTimeoutErr;
    DWORD dwPortAlignmentErr;
    DWORD dwPortHardwareOverrunErr;
    DWORD dwPortFramingErr;
    DWORD dwPortBufferOverrunErr;
    DWORD dwPortBytesXmitedUncompressed;
    DWORD dwPortBytesRcvedUncompressed;
    DWORD dwPortBytesXmitedCompressed;
    DWORD dwPortBytesRcvedCompressed;
} RAS_PORT_STATISTICS, *PRAS_PORT_STATISTICS;

/* the server */
typedef struct _RAS_SERVER_0 {
    WORD TotalPorts;
    WORD PortsInUse;
    DWORD RasVersion;
} RAS_SERVER_0, *PRAS_SERVER_0;

/* what a user may: RASPRIV_*, and the number to call back */
typedef struct _RAS_USER_0 {
    BYTE bfPrivilege;
    WCHAR szPhoneNumber[RASSAPI_MAX_PHONENUMBER_SIZE + 1];
} RAS_USER_0, *PRAS_USER_0;

DWORD WINAPI RasAdminServerGetInfo(const WCHAR *server, PRAS_SERVER_0 info);
DWORD WINAPI RasAdminGetUserAccountServer(const WCHAR *domain, const WCHAR *server, LPWSTR account_server);
DWORD WINAPI RasAdminUserGetInfo(const WCHAR *server, const WCHAR *user, PRAS_USER_0 info);
DWORD WINAPI RasAdminUserSetInfo(const WCHAR *server, const WCHAR *user, const PRAS_USER_0 info);
DWORD WINAPI RasAdminPortEnum(const WCHAR *server, PRAS_PORT_0 *ports, WORD *count);
DWORD WINAPI RasAdminPortGetInfo(const WCHAR *server, const WCHAR *port, RAS_PORT_1 *info,
    RAS_PORT_STATISTICS *statistics, RAS_PARAMETERS **parameters);
DWORD WINAPI RasAdminPortClearStatistics(const WCHAR *server, const WCHAR *port);
DWORD WINAPI RasAdminPortDisconnect(const WCHAR *server, const WCHAR *port);
DWORD WINAPI RasAdminFreeBuffer(PVOID buffer);
DWORD WINAPI RasAdminGetErrorString(UINT error, WCHAR *text, DWORD characters);

#ifdef __cplusplus
}
#endif

#ifdef __clang__
#pragma clang diagnostic pop
#endif

#endif
