/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What rasdlg.h has twice, for CHAR and for WCHAR. rasdlg.h includes this file once for each; nobody else includes it.
 */
#if defined(OPENRAS_RAS) && defined(OPENRAS_CHAR)

typedef VOID(WINAPI *OPENRAS_RAS(RASPBDLGFUNC))(ULONG_PTR id, DWORD event, OPENRAS_LP text, LPVOID data);

#pragma pack(push, 4)

typedef struct OPENRAS_RAS(tagRASENTRYDLG) {
    DWORD dwSize;
    HWND hwndOwner;
    DWORD dwFlags;
    LONG xDlg;
    LONG yDlg;
    OPENRAS_CHAR szEntry[RAS_MaxEntryName + 1];
    DWORD dwError;
    ULONG_PTR reserved;
    ULONG_PTR reserved2;
} OPENRAS_RAS(RASENTRYDLG), *OPENRAS_RAS(LPRASENTRYDLG);

typedef struct OPENRAS_RAS(tagRASPBDLG) {
    DWORD dwSize;
    HWND hwndOwner;
    DWORD dwFlags;
    LONG xDlg;
    LONG yDlg;
    ULONG_PTR dwCallbackId;
    OPENRAS_RAS(RASPBDLGFUNC) pCallback;
    DWORD dwError;
    ULONG_PTR reserved;
    ULONG_PTR reserved2;
} OPENRAS_RAS(RASPBDLG), *OPENRAS_RAS(LPRASPBDLG);

typedef struct OPENRAS_RAS(tagRASNOUSER) {
    DWORD dwSize;
    DWORD dwFlags;
    DWORD dwTimeoutMs;
    OPENRAS_CHAR szUserName[UNLEN + 1];
    OPENRAS_CHAR szPassword[PWLEN + 1];
    OPENRAS_CHAR szDomain[DNLEN + 1];
} OPENRAS_RAS(RASNOUSER), *OPENRAS_RAS(LPRASNOUSER);

#pragma pack(pop)

BOOL WINAPI OPENRAS_RAS(RasDialDlg)(OPENRAS_LP phonebook, OPENRAS_LP entry, OPENRAS_LP number, LPRASDIALDLG info);
BOOL WINAPI OPENRAS_RAS(RasEntryDlg)(OPENRAS_LP phonebook, OPENRAS_LP entry, OPENRAS_RAS(LPRASENTRYDLG) info);
BOOL WINAPI OPENRAS_RAS(RasPhonebookDlg)(OPENRAS_LP phonebook, OPENRAS_LP entry, OPENRAS_RAS(LPRASPBDLG) info);

#endif
