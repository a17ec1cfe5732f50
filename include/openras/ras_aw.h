/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What ras.h has twice, for CHAR and for WCHAR. ras.h includes this file once for each; nobody else includes it.
 */
#if defined(OPENRAS_RAS) && defined(OPENRAS_CHAR)

#pragma pack(push, 4)

/* what to dial and as whom; the password is erased from no copy but ours */
typedef struct OPENRAS_RAS(tagRASDIALPARAMS) {
    DWORD dwSize;
    OPENRAS_CHAR szEntryName[RAS_MaxEntryName + 1];
    OPENRAS_CHAR szPhoneNumber[RAS_MaxPhoneNumber + 1];
    OPENRAS_CHAR szCallbackNumber[RAS_MaxCallbackNumber + 1];
    OPENRAS_CHAR szUserName[UNLEN + 1];
    OPENRAS_CHAR szPassword[PWLEN + 1];
    OPENRAS_CHAR szDomain[DNLEN + 1];
#if WINVER >= 0x401
    DWORD dwSubEntry;
    ULONG_PTR dwCallbackId;
#endif
#if WINVER >= 0x601
    DWORD dwIfIndex;
#endif
#if WINVER >= 0xA00
    OPENRAS_CHAR *szEncPassword;
#endif
} OPENRAS_RAS(RASDIALPARAMS), *OPENRAS_RAS(LPRASDIALPARAMS);

/* an active connection; the name of one dialled without an entry is "." and its number */
typedef struct OPENRAS_RAS(tagRASCONN) {
    DWORD dwSize;
    HRASCONN hrasconn;
    OPENRAS_CHAR szEntryName[RAS_MaxEntryName + 1];
    OPENRAS_CHAR szDeviceType[RAS_MaxDeviceType + 1];
    OPENRAS_CHAR szDeviceName[RAS_MaxDeviceName + 1];
#if WINVER >= 0x401
    OPENRAS_CHAR szPhonebook[MAX_PATH];
    DWORD dwSubEntry;
#endif
#if WINVER >= 0x500
    GUID guidEntry;
#endif
#if WINVER >= 0x501
    DWORD dwFlags;
    LUID luid;
#endif
#if WINVER >= 0x600
    GUID guidCorrelationId;
#endif
} OPENRAS_RAS(RASCONN), *OPENRAS_RAS(LPRASCONN);

/* where a dial is */
typedef struct OPENRAS_RAS(tagRASCONNSTATUS) {
    DWORD dwSize;
    RASCONNSTATE rasconnstate;
    DWORD dwError;
    OPENRAS_CHAR szDeviceType[RAS_MaxDeviceType + 1];
    OPENRAS_CHAR szDeviceName[RAS_MaxDeviceName + 1];
#if WINVER >= 0x401
    OPENRAS_CHAR szPhoneNumber[RAS_MaxPhoneNumber + 1];
#endif
#if WINVER >= 0x601
    RASTUNNELENDPOINT localEndPoint;
    RASTUNNELENDPOINT remoteEndPoint;
    RASCONNSUBSTATE rasconnsubstate;
#endif
} OPENRAS_RAS(RASCONNSTATUS), *OPENRAS_RAS(LPRASCONNSTATUS);

/* an entry of a phone book */
typedef struct OPENRAS_RAS(tagRASENTRYNAME) {
    DWORD dwSize;
    OPENRAS_CHAR szEntryName[RAS_MaxEntryName + 1];
#if WINVER >= 0x500
    DWORD dwFlags;
    OPENRAS_CHAR szPhonebookPath[MAX_PATH + 1];
#endif
} OPENRAS_RAS(RASENTRYNAME), *OPENRAS_RAS(LPRASENTRYNAME);

/* all of an entry; dwAlternateOffset leads to further numbers behind the structure */
typedef struct OPENRAS_RAS(tagRASENTRY) {
    DWORD dwSize;
    DWORD dwfOptions;
    DWORD dwCountryID;
    DWORD dwCountryCode;
    OPENRAS_CHAR szAreaCode[RAS_MaxAreaCode + 1];
    OPENRAS_CHAR szLocalPhoneNumber[RAS_MaxPhoneNumber + 1];
    DWORD dwAlternateOffset;
    RASIPADDR ipaddr;
    RASIPADDR ipaddrDns;
    RASIPADDR ipaddrDnsAlt;
    RASIPADDR ipaddrWins;
    RASIPADDR ipaddrWinsAlt;
    DWORD dwFrameSize;
    DWORD dwfNetProtocols;
    DWORD dwFramingProtocol;
    OPENRAS_CHAR szScript[MAX_PATH];
    OPENRAS_CHAR szAutodialDll[MAX_PATH];
    OPENRAS_CHAR szAutodialFunc[MAX_PATH];
    OPENRAS_CHAR szDeviceType[RAS_MaxDeviceType + 1];
    OPENRAS_CHAR szDeviceName[RAS_MaxDeviceName + 1];
    OPENRAS_CHAR szX25PadType[RAS_MaxPadType + 1];
    OPENRAS_CHAR szX25Address[RAS_MaxX25Address + 1];
    OPENRAS_CHAR szX25Facilities[RAS_MaxFacilities + 1];
    OPENRAS_CHAR szX25UserData[RAS_MaxUserData + 1];
    DWORD dwChannels;
    DWORD dwReserved1;
    DWORD dwReserved2;
#if WINVER >= 0x401
    DWORD dwSubEntries;
    DWORD dwDialMode;
    DWORD dwDialExtraPercent;
    DWORD dwDialExtraSampleSeconds;
    DWORD dwHangUpExtraPercent;
    DWORD dwHangUpExtraSampleSeconds;
    DWORD dwIdleDisconnectSeconds;
#endif
#if WINVER >= 0x500
    DWORD dwType;
    DWORD dwEncryptionType;
    DWORD dwCustomAuthKey;
    GUID guidId;
    OPENRAS_CHAR szCustomDialDll[MAX_PATH];
    DWORD dwVpnStrategy;
#endif
#if WINVER >= 0x501
    DWORD dwfOptions2;
    DWORD dwfOptions3;
    OPENRAS_CHAR szDnsSuffix[RAS_MaxDnsSuffix];
    DWORD dwTcpWindowSize;
    OPENRAS_CHAR szPrerequisitePbk[MAX_PATH];
    OPENRAS_CHAR szPrerequisiteEntry[RAS_MaxEntryName + 1];
    DWORD dwRedialCount;
    DWORD dwRedialPause;
#endif
#if WINVER >= 0x600
    RASIPV6ADDR ipv6addrDns;
    RASIPV6ADDR ipv6addrDnsAlt;
    DWORD dwIPv4InterfaceMetric;
    DWORD dwIPv6InterfaceMetric;
#endif
#if WINVER >= 0x601
    RASIPV6ADDR ipv6addr;
    DWORD dwIPv6PrefixLength;
    DWORD dwNetworkOutageTime;
#endif
#if WINVER >= 0xA00
    OPENRAS_CHAR szIDi[RAS_MaxIDSize + 1];
    OPENRAS_CHAR szIDr[RAS_MaxIDSize + 1];
    BOOL fIsImsConfig;
    DWORD IdiType;
    DWORD IdrType;
    BOOL fDisableIKEv2Fragmentation;
#endif
} OPENRAS_RAS(RASENTRY), *OPENRAS_RAS(LPRASENTRY);

/* a link of a multilink entry */
typedef struct OPENRAS_RAS(tagRASSUBENTRY) {
    DWORD dwSize;
    DWORD dwfFlags;
    OPENRAS_CHAR szDeviceType[RAS_MaxDeviceType + 1];
    OPENRAS_CHAR szDeviceName[RAS_MaxDeviceName + 1];
    OPENRAS_CHAR szLocalPhoneNumber[RAS_MaxPhoneNumber + 1];
    DWORD dwAlternateOffset;
} OPENRAS_RAS(RASSUBENTRY), *OPENRAS_RAS(LPRASSUBENTRY);

/* a device that can dial */
typedef struct OPENRAS_RAS(tagRASDEVINFO) {
    DWORD dwSize;
    OPENRAS_CHAR szDeviceType[RAS_MaxDeviceType + 1];
    OPENRAS_CHAR szDeviceName[RAS_MaxDeviceName + 1];
} OPENRAS_RAS(RASDEVINFO), *OPENRAS_RAS(LPRASDEVINFO);

/* stored credentials; the password comes back as sixteen asterisks, never clear */
typedef struct OPENRAS_RAS(tagRASCREDENTIALS) {
    DWORD dwSize;
    DWORD dwMask;
    OPENRAS_CHAR szUserName[UNLEN + 1];
    OPENRAS_CHAR szPassword[PWLEN + 1];
    OPENRAS_CHAR szDomain[DNLEN + 1];
} OPENRAS_RAS(RASCREDENTIALS), *OPENRAS_RAS(LPRASCREDENTIALS);

/* whom an EAP method names, and its data, which go on behind the structure */
typedef struct OPENRAS_RAS(tagRASEAPUSERIDENTITY) {
    OPENRAS_CHAR szUserName[UNLEN + 1];
    DWORD dwSizeofEapInfo;
    BYTE pbEapInfo[1];
} OPENRAS_RAS(RASEAPUSERIDENTITY), *OPENRAS_RAS(LPRASEAPUSERIDENTITY);

/* which entry an address is dialled by */
typedef struct OPENRAS_RAS(tagRASAUTODIALENTRY) {
    DWORD dwSize;
    DWORD dwFlags;
    DWORD dwDialingLocation;
    OPENRAS_CHAR szEntry[RAS_MaxEntryName + 1];
} OPENRAS_RAS(RASAUTODIALENTRY), *OPENRAS_RAS(LPRASAUTODIALENTRY);

/* what IPCP settled */
typedef struct OPENRAS_RAS(tagRASPPPIP) {
    DWORD dwSize;
    DWORD dwError;
    OPENRAS_CHAR szIpAddress[RAS_MaxIpAddress + 1];
    OPENRAS_CHAR szServerIpAddress[RAS_MaxIpAddress + 1];
#if WINVER >= 0x500
    DWORD dwOptions;
    DWORD dwServerOptions;
#endif
} OPENRAS_RAS(RASPPPIP), *OPENRAS_RAS(LPRASPPPIP);

/* what LCP settled */
typedef struct OPENRAS_RAS(tagRASPPPLCP) {
    DWORD dwSize;
    BOOL fBundled;
#if WINVER >= 0x500
    DWORD dwError;
    DWORD dwAuthenticationProtocol;
    DWORD dwAuthenticationData;
    DWORD dwEapTypeId;
    DWORD dwServerAuthenticationProtocol;
    DWORD dwServerAuthenticationData;
    DWORD dwServerEapTypeId;
    BOOL fMultilink;
    DWORD dwTerminateReason;
    DWORD dwServerTerminateReason;
    OPENRAS_CHAR szReplyMessage[RAS_MaxReplyMessage];
    DWORD dwOptions;
    DWORD dwServerOptions;
#endif
} OPENRAS_RAS(RASPPPLCP), *OPENRAS_RAS(LPRASPPPLCP);

/* the address of a SLIP connection */
typedef struct OPENRAS_RAS(tagRASSLIP) {
    DWORD dwSize;
    DWORD dwError;
    OPENRAS_CHAR szIpAddress[RAS_MaxIpAddress + 1];
} OPENRAS_RAS(RASSLIP), *OPENRAS_RAS(LPRASSLIP);

/* NetBEUI, which no connection has any more */
typedef struct OPENRAS_RAS(tagRASPPPNBF) {
    DWORD dwSize;
    DWORD dwError;
    DWORD dwNetBiosError;
    OPENRAS_CHAR szNetBiosError[NETBIOS_NAME_LEN + 1];
    OPENRAS_CHAR szWorkstationName[NETBIOS_NAME_LEN + 1];
    BYTE bLana;
} OPENRAS_RAS(RASPPPNBF), *OPENRAS_RAS(LPRASPPPNBF);

/* IPX, which no connection has any more */
typedef struct OPENRAS_RAS(tagRASPPPIPX) {
    DWORD dwSize;
    DWORD dwError;
    OPENRAS_CHAR szIpxAddress[RAS_MaxIpxAddress + 1];
} OPENRAS_RAS(RASPPPIPX), *OPENRAS_RAS(LPRASPPPIPX);

/* the oldest gateway protocol, which no connection has any more */
typedef struct OPENRAS_RAS(tagRASAMB) {
    DWORD dwSize;
    DWORD dwError;
    OPENRAS_CHAR szNetBiosError[NETBIOS_NAME_LEN + 1];
    BYTE bLana;
} OPENRAS_RAS(RASAMB), *OPENRAS_RAS(LPRASAMB);

#pragma pack(pop)

DWORD WINAPI OPENRAS_RAS(RasDial)(LPRASDIALEXTENSIONS extensions, OPENRAS_LPC phonebook,
    OPENRAS_RAS(LPRASDIALPARAMS) params, DWORD type, LPVOID notifier, LPHRASCONN connection);
DWORD WINAPI OPENRAS_RAS(RasHangUp)(HRASCONN connection);
DWORD WINAPI OPENRAS_RAS(RasGetConnectStatus)(HRASCONN connection, OPENRAS_RAS(LPRASCONNSTATUS) status);
DWORD WINAPI OPENRAS_RAS(RasEnumConnections)(OPENRAS_RAS(LPRASCONN) connections, LPDWORD bytes,
    LPDWORD count);
DWORD WINAPI OPENRAS_RAS(RasEnumEntries)(OPENRAS_LPC reserved, OPENRAS_LPC phonebook,
    OPENRAS_RAS(LPRASENTRYNAME) names, LPDWORD bytes, LPDWORD count);
DWORD WINAPI OPENRAS_RAS(RasEnumDevices)(OPENRAS_RAS(LPRASDEVINFO) devices, LPDWORD bytes, LPDWORD count);
DWORD WINAPI OPENRAS_RAS(RasGetErrorString)(UINT error, OPENRAS_LP text, DWORD characters);
DWORD WINAPI OPENRAS_RAS(RasGetEntryProperties)(OPENRAS_LPC phonebook, OPENRAS_LPC entry,
    OPENRAS_RAS(LPRASENTRY) properties, LPDWORD bytes, LPBYTE device, LPDWORD device_bytes);
DWORD WINAPI OPENRAS_RAS(RasSetEntryProperties)(OPENRAS_LPC phonebook, OPENRAS_LPC entry,
    OPENRAS_RAS(LPRASENTRY) properties, DWORD bytes, LPBYTE device, DWORD device_bytes);
DWORD WINAPI OPENRAS_RAS(RasGetEntryDialParams)(OPENRAS_LPC phonebook, OPENRAS_RAS(LPRASDIALPARAMS) params,
    LPBOOL password);
DWORD WINAPI OPENRAS_RAS(RasSetEntryDialParams)(OPENRAS_LPC phonebook, OPENRAS_RAS(LPRASDIALPARAMS) params,
    BOOL remove_password);
DWORD WINAPI OPENRAS_RAS(RasGetCredentials)(OPENRAS_LPC phonebook, OPENRAS_LPC entry,
    OPENRAS_RAS(LPRASCREDENTIALS) credentials);
DWORD WINAPI OPENRAS_RAS(RasSetCredentials)(OPENRAS_LPC phonebook, OPENRAS_LPC entry,
    OPENRAS_RAS(LPRASCREDENTIALS) credentials, BOOL clear);
DWORD WINAPI OPENRAS_RAS(RasValidateEntryName)(OPENRAS_LPC phonebook, OPENRAS_LPC entry);
DWORD WINAPI OPENRAS_RAS(RasRenameEntry)(OPENRAS_LPC phonebook, OPENRAS_LPC from, OPENRAS_LPC to);
DWORD WINAPI OPENRAS_RAS(RasDeleteEntry)(OPENRAS_LPC phonebook, OPENRAS_LPC entry);
DWORD WINAPI OPENRAS_RAS(RasGetProjectionInfo)(HRASCONN connection, RASPROJECTION protocol,
    LPVOID projection, LPDWORD bytes);
DWORD WINAPI OPENRAS_RAS(RasConnectionNotification)(HRASCONN connection, HANDLE event, DWORD flags);
DWORD WINAPI OPENRAS_RAS(RasGetSubEntryHandle)(HRASCONN connection, DWORD sub_entry, LPHRASCONN link);
DWORD WINAPI OPENRAS_RAS(RasGetSubEntryProperties)(OPENRAS_LPC phonebook, OPENRAS_LPC entry,
    DWORD sub_entry, OPENRAS_RAS(LPRASSUBENTRY) properties, LPDWORD bytes, LPBYTE device, LPDWORD device_bytes);
DWORD WINAPI OPENRAS_RAS(RasSetSubEntryProperties)(OPENRAS_LPC phonebook, OPENRAS_LPC entry,
    DWORD sub_entry, OPENRAS_RAS(LPRASSUBENTRY) properties, DWORD bytes, LPBYTE device, DWORD device_bytes);
DWORD WINAPI OPENRAS_RAS(RasDeleteSubEntry)(OPENRAS_LPC phonebook, OPENRAS_LPC entry, DWORD sub_entry);
DWORD WINAPI OPENRAS_RAS(RasGetEapUserIdentity)(OPENRAS_LPC phonebook, OPENRAS_LPC entry, DWORD flags,
    HWND window, OPENRAS_RAS(LPRASEAPUSERIDENTITY) *identity);
VOID WINAPI OPENRAS_RAS(RasFreeEapUserIdentity)(OPENRAS_RAS(LPRASEAPUSERIDENTITY) identity);
DWORD WINAPI OPENRAS_RAS(RasGetEapUserData)(HANDLE token, OPENRAS_LPC phonebook, OPENRAS_LPC entry,
    BYTE *data, DWORD *bytes);
DWORD WINAPI OPENRAS_RAS(RasSetEapUserData)(HANDLE token, OPENRAS_LPC phonebook, OPENRAS_LPC entry,
    BYTE *data, DWORD bytes);
DWORD WINAPI OPENRAS_RAS(RasGetCustomAuthData)(OPENRAS_LPC phonebook, OPENRAS_LPC entry, BYTE *data,
    DWORD *bytes);
DWORD WINAPI OPENRAS_RAS(RasSetCustomAuthData)(OPENRAS_LPC phonebook, OPENRAS_LPC entry, BYTE *data,
    DWORD bytes);
DWORD WINAPI OPENRAS_RAS(RasGetCountryInfo)(OPENRAS_RAS(LPRASCTRYINFO) country, LPDWORD bytes);
DWORD WINAPI OPENRAS_RAS(RasCreatePhonebookEntry)(HWND window, OPENRAS_LPC phonebook);
DWORD WINAPI OPENRAS_RAS(RasEditPhonebookEntry)(HWND window, OPENRAS_LPC phonebook, OPENRAS_LPC entry);
DWORD WINAPI OPENRAS_RAS(RasEnumAutodialAddresses)(OPENRAS_LP *addresses, LPDWORD bytes, LPDWORD count);
DWORD WINAPI OPENRAS_RAS(RasGetAutodialAddress)(OPENRAS_LPC address, LPDWORD reserved,
    OPENRAS_RAS(LPRASAUTODIALENTRY) entries, LPDWORD bytes, LPDWORD count);
DWORD WINAPI OPENRAS_RAS(RasSetAutodialAddress)(OPENRAS_LPC address, DWORD reserved,
    OPENRAS_RAS(LPRASAUTODIALENTRY) entries, DWORD bytes, DWORD count);
DWORD WINAPI OPENRAS_RAS(RasGetAutodialEnable)(DWORD location, LPBOOL enabled);
DWORD WINAPI OPENRAS_RAS(RasSetAutodialEnable)(DWORD location, BOOL enabled);
DWORD WINAPI OPENRAS_RAS(RasGetAutodialParam)(DWORD key, LPVOID value, LPDWORD bytes);
DWORD WINAPI OPENRAS_RAS(RasSetAutodialParam)(DWORD key, LPVOID value, DWORD bytes);

#endif
