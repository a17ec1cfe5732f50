/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The client functions of RAS. Structures are those of the Windows that WINVER names (windef.h: the newest, if nothing
 * does); the library knows every size they ever had by dwSize. docs/compat/ says of each function what it does here.
 *
 * Text of the A functions is UTF-8. A function gives 0 or a number of raserror.h or winerror.h.
 */
#ifndef OPENRAS_RAS_H
#define OPENRAS_RAS_H

#include <netinet/in.h>

#include "windows.h"
#include "lmcons.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wunknown-warning-option"
#pragma clang diagnostic ignored "-Wreserved-identifier"
#endif
DECLARE_HANDLE(HRASCONN);
#ifdef __clang__
#pragma clang diagnostic pop
#endif
typedef HRASCONN *LPHRASCONN;
typedef struct in_addr RASIPV4ADDR;
typedef struct in6_addr RASIPV6ADDR;

/* the first octet is the highest */
typedef struct RASIPADDR {
    BYTE a;
    BYTE b;
    BYTE c;
    BYTE d;
} RASIPADDR;

/* lengths in characters, without the NUL */
#define RAS_MaxDeviceType 16
#define RAS_MaxPhoneNumber 128
#define RAS_MaxIpAddress 15
#define RAS_MaxIpxAddress 21
#define RAS_MaxEntryName 256
#define RAS_MaxDeviceName 128
#define RAS_MaxCallbackNumber RAS_MaxPhoneNumber
#define RAS_MaxAreaCode 10
#define RAS_MaxPadType 32
#define RAS_MaxX25Address 200
#define RAS_MaxFacilities 200
#define RAS_MaxUserData 200
#define RAS_MaxReplyMessage 1024
#define RAS_MaxDnsSuffix 256
#define RAS_MaxIDSize 256

/* the states of a dial; RASCS_PAUSED waits for the program, after RASCS_DONE nothing follows */
#define RASCS_PAUSED 0x1000
#define RASCS_DONE 0x2000
typedef enum tagRASCONNSTATE {
    RASCS_OpenPort = 0,
    RASCS_PortOpened = 1,
    RASCS_ConnectDevice = 2,
    RASCS_DeviceConnected = 3,
    RASCS_AllDevicesConnected = 4,
    RASCS_Authenticate = 5,
    RASCS_AuthNotify = 6,
    RASCS_AuthRetry = 7,
    RASCS_AuthCallback = 8,
    RASCS_AuthChangePassword = 9,
    RASCS_AuthProject = 10,
    RASCS_AuthLinkSpeed = 11,
    RASCS_AuthAck = 12,
    RASCS_ReAuthenticate = 13,
    RASCS_Authenticated = 14,
    RASCS_PrepareForCallback = 15,
    RASCS_WaitForModemReset = 16,
    RASCS_WaitForCallback = 17,
    RASCS_Projected = 18,
    RASCS_StartAuthentication = 19,
    RASCS_CallbackComplete = 20,
    RASCS_LogonNetwork = 21,
    RASCS_SubEntryConnected = 22,
    RASCS_SubEntryDisconnected = 23,
    RASCS_ApplySettings = 24,
    RASCS_Interactive = RASCS_PAUSED,
    RASCS_RetryAuthentication = RASCS_PAUSED + 1,
    RASCS_CallbackSetByCaller = RASCS_PAUSED + 2,
    RASCS_PasswordExpired = RASCS_PAUSED + 3,
    RASCS_InvokeEapUI = RASCS_PAUSED + 4,
    RASCS_Connected = RASCS_DONE,
    RASCS_Disconnected = RASCS_DONE + 1
} RASCONNSTATE, *LPRASCONNSTATE;

typedef enum tagRASCONNSUBSTATE {
    RASCSS_None = 0,
    RASCSS_Dormant = 1,
    RASCSS_Reconnecting = 2,
    RASCSS_Reconnected = RASCS_DONE
} RASCONNSUBSTATE, *LPRASCONNSUBSTATE;

/* which structure RasGetProjectionInfo fills */
typedef enum tagRASPROJECTION {
    RASP_Amb = 0x10000,
    RASP_PppNbf = 0x803F,
    RASP_PppIpx = 0x802B,
    RASP_PppIp = 0x8021,
    RASP_PppIpv6 = 0x8057,
    RASP_PppCcp = 0x80FD,
    RASP_PppLcp = 0xC021,
    RASP_Slip = 0x20000
} RASPROJECTION, *LPRASPROJECTION;

/* handlers of RasDial: type 0, 1, 2. `message` is WM_RASDIALEVENT. One of type 2 that gives 0 is not called again. */
#define RASDIALEVENT "RasDialEvent"
#define WM_RASDIALEVENT 0xCCCD
typedef VOID(WINAPI *RASDIALFUNC)(UINT message, RASCONNSTATE state, DWORD error);
typedef VOID(WINAPI *RASDIALFUNC1)(HRASCONN connection, UINT message, RASCONNSTATE state, DWORD error, DWORD more);
typedef DWORD(WINAPI *RASDIALFUNC2)(ULONG_PTR id, DWORD sub_entry, HRASCONN connection, UINT message,
    RASCONNSTATE state, DWORD error, DWORD more);

/* RASDIALEXTENSIONS.dwfOptions */
#define RDEOPT_UsePrefixSuffix 0x00000001
#define RDEOPT_PausedStates 0x00000002
#define RDEOPT_IgnoreModemSpeaker 0x00000004
#define RDEOPT_SetModemSpeaker 0x00000008
#define RDEOPT_IgnoreSoftwareCompression 0x00000010
#define RDEOPT_SetSoftwareCompression 0x00000020
#define RDEOPT_DisableConnectedUI 0x00000040
#define RDEOPT_DisableReconnectUI 0x00000080
#define RDEOPT_DisableReconnect 0x00000100
#define RDEOPT_NoUser 0x00000200
#define RDEOPT_PauseOnScript 0x00000400
#define RDEOPT_Router 0x00000800
#define RDEOPT_CustomDial 0x00001000
#define RDEOPT_UseCustomScripting 0x00002000
#define RDEOPT_InvokeAutoTriggerCredentialUI 0x00004000
#define RDEOPT_EapInfoCryptInCapable 0x00008000

#include "ras_values.h"

#pragma pack(push, 4)

/* one end of a tunnel */
#define RASTUNNELENDPOINT_UNKNOWN 0
#define RASTUNNELENDPOINT_IPv4 1
#define RASTUNNELENDPOINT_IPv6 2
typedef struct tagRASTUNNELENDPOINT {
    DWORD dwType;
    __extension__ union {
        RASIPV4ADDR ipv4;
        RASIPV6ADDR ipv6;
    };
} RASTUNNELENDPOINT, *PRASTUNNELENDPOINT;

/* data of an EAP method */
typedef struct tagRASEAPINFO {
    DWORD dwSizeofEapInfo;
    BYTE *pbEapInfo;
} RASEAPINFO, *LPRASEAPINFO;

/* data for a device */
typedef struct tagRASDEVSPECIFICINFO {
    DWORD dwSize;
    BYTE *pbDevSpecificInfo;
} RASDEVSPECIFICINFO, *LPRASDEVSPECIFICINFO;

/* options of RasDial */
typedef struct tagRASDIALEXTENSIONS {
    DWORD dwSize;
    DWORD dwfOptions;
    HWND hwndParent;
    ULONG_PTR reserved;
#if WINVER >= 0x500
    ULONG_PTR reserved1;
    RASEAPINFO RasEapInfo;
#endif
#if WINVER >= 0x600
    BOOL fSkipPppAuth;
#endif
#if WINVER >= 0x601
    RASDEVSPECIFICINFO RasDevSpecificInfo;
#endif
} RASDIALEXTENSIONS, *LPRASDIALEXTENSIONS;

/* counters; dwConnectDuration in milliseconds */
typedef struct tagRAS_STATS {
    DWORD dwSize;
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
    DWORD dwCompressionRatioIn;
    DWORD dwCompressionRatioOut;
    DWORD dwBps;
    DWORD dwConnectDuration;
} RAS_STATS, *LPRAS_STATS;

/* what CCP settled */
typedef struct tagRASPPPCCP {
    DWORD dwSize;
    DWORD dwError;
    DWORD dwCompressionAlgorithm;
    DWORD dwOptions;
    DWORD dwServerCompressionAlgorithm;
    DWORD dwServerOptions;
} RASPPPCCP, *LPRASPPPCCP;

/* what IPV6CP settled */
typedef struct tagRASPPPIPV6 {
    DWORD dwSize;
    DWORD dwError;
    BYTE bLocalInterfaceIdentifier[8];
    BYTE bPeerInterfaceIdentifier[8];
    BYTE bLocalCompressionProtocol[2];
    BYTE bPeerCompressionProtocol[2];
} RASPPPIPV6, *LPRASPPPIPV6;

/* parameters of a RASADFUNC */
typedef struct tagRASADPARAMS {
    DWORD dwSize;
    HWND hwndOwner;
    DWORD dwFlags;
    LONG xDlg;
    LONG yDlg;
} RASADPARAMS, *LPRASADPARAMS;

/* a country; its name is behind the structure */
typedef struct tagRASCTRYINFO {
    DWORD dwSize;
    DWORD dwCountryID;
    DWORD dwNextCountryID;
    DWORD dwCountryCode;
    DWORD dwCountryNameOffset;
} RASCTRYINFO, RASCTRYINFOA, RASCTRYINFOW, *LPRASCTRYINFO, *LPRASCTRYINFOA, *LPRASCTRYINFOW;

/* serial settings for a script */
typedef struct tagRASCOMMSETTINGS {
    DWORD dwSize;
    BYTE bParity;
    BYTE bStop;
    BYTE bByteSize;
    BYTE bAlign;
} RASCOMMSETTINGS, *LPRASCOMMSETTINGS;

/* who dialled, and which probation a network keeps it in: there is none here */
typedef struct tagRASNAPSTATE {
    DWORD dwSize;
    DWORD dwFlags;
    DWORD isolationState;
    FILETIME probationTime;
} RASNAPSTATE, *LPRASNAPSTATE;

typedef enum tagRASAPIVERSION {
    RASAPIVERSION_500 = 1,
    RASAPIVERSION_501 = 2,
    RASAPIVERSION_600 = 3,
    RASAPIVERSION_601 = 4
} RASAPIVERSION;
#if WINVER >= 0x601
#define RASAPIVERSION_CURRENT RASAPIVERSION_601
#elif WINVER >= 0x600
#define RASAPIVERSION_CURRENT RASAPIVERSION_600
#elif WINVER >= 0x501
#define RASAPIVERSION_CURRENT RASAPIVERSION_501
#else
#define RASAPIVERSION_CURRENT RASAPIVERSION_500
#endif

typedef struct tagRASUPDATECONN {
    RASAPIVERSION version;
    DWORD dwSize;
    DWORD dwFlags;
    DWORD dwIfIndex;
    RASTUNNELENDPOINT localEndPoint;
    RASTUNNELENDPOINT remoteEndPoint;
} RASUPDATECONN, *LPRASUPDATECONN;

/* RasGetProjectionInfoEx */
typedef enum tagRASPROJECTION_INFO_TYPE {
    PROJECTION_INFO_TYPE_PPP = 1,
    PROJECTION_INFO_TYPE_IKEv2 = 2
} RASPROJECTION_INFO_TYPE;
typedef struct tagRASPPP_PROJECTION_INFO {
    DWORD dwIPv4NegotiationError;
    RASIPV4ADDR ipv4Address;
    RASIPV4ADDR ipv4ServerAddress;
    DWORD dwIPv4Options;
    DWORD dwIPv4ServerOptions;
    DWORD dwIPv6NegotiationError;
    BYTE bInterfaceIdentifier[8];
    BYTE bServerInterfaceIdentifier[8];
    BOOL fBundled;
    BOOL fMultilink;
    DWORD dwAuthenticationProtocol;
    DWORD dwAuthenticationData;
    DWORD dwServerAuthenticationProtocol;
    DWORD dwServerAuthenticationData;
    DWORD dwEapTypeId;
    DWORD dwServerEapTypeId;
    DWORD dwLcpOptions;
    DWORD dwLcpServerOptions;
    DWORD dwCcpError;
    DWORD dwCcpCompressionAlgorithm;
    DWORD dwCcpServerCompressionAlgorithm;
    DWORD dwCcpOptions;
    DWORD dwCcpServerOptions;
} RASPPP_PROJECTION_INFO, *LPRASPPP_PROJECTION_INFO;
typedef struct tagRASIKEV2_PROJECTION_INFO {
    DWORD dwIPv4NegotiationError;
    RASIPV4ADDR ipv4Address;
    RASIPV4ADDR ipv4ServerAddress;
    DWORD dwIPv6NegotiationError;
    RASIPV6ADDR ipv6Address;
    RASIPV6ADDR ipv6ServerAddress;
    DWORD dwPrefixLength;
    DWORD dwAuthenticationProtocol;
    DWORD dwEapTypeId;
    DWORD dwFlags;
    DWORD dwEncryptionMethod;
#if WINVER >= 0x602
    DWORD numIPv4ServerAddresses;
    RASIPV4ADDR *ipv4ServerAddresses;
    DWORD numIPv6ServerAddresses;
    RASIPV6ADDR *ipv6ServerAddresses;
#endif
} RASIKEV2_PROJECTION_INFO, *LPRASIKEV2_PROJECTION_INFO;
typedef struct tagRAS_PROJECTION_INFO {
    RASAPIVERSION version;
    RASPROJECTION_INFO_TYPE type;
    __extension__ union {
        RASPPP_PROJECTION_INFO ppp;
        RASIKEV2_PROJECTION_INFO ikev2;
    };
} RAS_PROJECTION_INFO, *PRAS_PROJECTION_INFO;

#pragma pack(pop)

/* what is there for CHAR and for WCHAR */
#define OPENRAS_RAS(name) name##A
#define OPENRAS_CHAR CHAR
#define OPENRAS_LP LPSTR
#define OPENRAS_LPC LPCSTR
#include "ras_aw.h"
#undef OPENRAS_RAS
#undef OPENRAS_CHAR
#undef OPENRAS_LP
#undef OPENRAS_LPC
#define OPENRAS_RAS(name) name##W
#define OPENRAS_CHAR WCHAR
#define OPENRAS_LP LPWSTR
#define OPENRAS_LPC LPCWSTR
#include "ras_aw.h"
#undef OPENRAS_RAS
#undef OPENRAS_CHAR
#undef OPENRAS_LP
#undef OPENRAS_LPC

#include "ras_names.h"

DWORD WINAPI RasGetConnectionStatistics(HRASCONN connection, RAS_STATS *statistics);
DWORD WINAPI RasClearConnectionStatistics(HRASCONN connection);
DWORD WINAPI RasGetLinkStatistics(HRASCONN connection, DWORD sub_entry, RAS_STATS *statistics);
DWORD WINAPI RasClearLinkStatistics(HRASCONN connection, DWORD sub_entry);
DWORD WINAPI RasGetProjectionInfoEx(HRASCONN connection, PRAS_PROJECTION_INFO projection, LPDWORD bytes);
DWORD WINAPI RasUpdateConnection(HRASCONN connection, LPRASUPDATECONN update);
DWORD WINAPI RasGetNapStatus(HRASCONN connection, LPRASNAPSTATE state);
DWORD WINAPI RasInvokeEapUI(HRASCONN connection, DWORD sub_entry, LPRASDIALEXTENSIONS extensions, HWND window);

/* handlers of AutoDial */
typedef BOOL(WINAPI *ORASADFUNC)(HWND window, LPSTR entry, DWORD flags, LPDWORD result);
typedef BOOL(WINAPI *RASADFUNCA)(LPSTR phonebook, LPSTR entry, LPRASADPARAMS params, LPDWORD result);
typedef BOOL(WINAPI *RASADFUNCW)(LPWSTR phonebook, LPWSTR entry, LPRASADPARAMS params, LPDWORD result);
#define RASADFUNC OPENRAS_AW(RASADFUNC)

/* custom scripting: what RasCustomScriptExecute of a library gets. Times in milliseconds. */
typedef DWORD(WINAPI *PFNRASGETBUFFER)(PBYTE *buffer, PDWORD size);
typedef DWORD(WINAPI *PFNRASFREEBUFFER)(PBYTE buffer);
typedef DWORD(WINAPI *PFNRASSENDBUFFER)(HANDLE port, PBYTE buffer, DWORD size);
typedef DWORD(WINAPI *PFNRASRECEIVEBUFFER)(HANDLE port, PBYTE buffer, PDWORD size, DWORD timeout, HANDLE event);
typedef DWORD(WINAPI *PFNRASRETRIEVEBUFFER)(HANDLE port, PBYTE buffer, PDWORD size);
typedef DWORD(WINAPI *PFNRASSETCOMMSETTINGS)(HANDLE port, RASCOMMSETTINGS *settings, PVOID reserved);
typedef DWORD(WINAPI *RasCustomScriptExecuteFn)(HANDLE port, LPCWSTR phonebook, LPCWSTR entry,
    PFNRASGETBUFFER get_buffer, PFNRASFREEBUFFER free_buffer, PFNRASSENDBUFFER send_buffer,
    PFNRASRECEIVEBUFFER receive_buffer, PFNRASRETRIEVEBUFFER retrieve_buffer, HWND window, RASDIALPARAMS *params,
    PVOID reserved);
#pragma pack(push, 4)
typedef struct tagRASCUSTOMSCRIPTEXTENSIONS {
    DWORD dwSize;
    PFNRASSETCOMMSETTINGS pfnRasSetCommSettings;
} RASCUSTOMSCRIPTEXTENSIONS, *LPRASCUSTOMSCRIPTEXTENSIONS;
#pragma pack(pop)

/* custom dialers */
typedef DWORD(WINAPI *RasCustomHangUpFn)(HRASCONN connection);
typedef DWORD(WINAPI *RasCustomDialFn)(HINSTANCE library, LPRASDIALEXTENSIONS extensions, LPCWSTR phonebook,
    LPRASDIALPARAMS params, DWORD type, LPVOID notifier, LPHRASCONN connection, DWORD flags);
typedef DWORD(WINAPI *RasCustomDeleteEntryNotifyFn)(LPCWSTR phonebook, LPCWSTR entry, DWORD flags);

#ifdef __cplusplus
/* What a library exports is declared so that C++ gives it its plain name. */
DWORD WINAPI RasCustomScriptExecute(HANDLE port, LPCWSTR phonebook, LPCWSTR entry, PFNRASGETBUFFER get_buffer,
    PFNRASFREEBUFFER free_buffer, PFNRASSENDBUFFER send_buffer, PFNRASRECEIVEBUFFER receive_buffer,
    PFNRASRETRIEVEBUFFER retrieve_buffer, HWND window, RASDIALPARAMS *params, PVOID reserved);
}
#endif

#endif
