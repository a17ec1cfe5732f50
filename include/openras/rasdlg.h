/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The dialogs of RAS. There are no windows here: each function gives FALSE, and its structure's dwError says why.
 */
#ifndef OPENRAS_RASDLG_H
#define OPENRAS_RASDLG_H

#include "ras.h"

#ifdef __cplusplus
extern "C" {
#endif

/* events of RasPhonebookDlg */
#define RASPBDEVENT_AddEntry 1
#define RASPBDEVENT_EditEntry 2
#define RASPBDEVENT_RemoveEntry 3
#define RASPBDEVENT_DialEntry 4
#define RASPBDEVENT_EditGlobals 5
#define RASPBDEVENT_NoUser 6
#define RASPBDEVENT_NoUserEdit 7

/* RASPBDLG.dwFlags */
#define RASPBDFLAG_PositionDlg 0x00000001
#define RASPBDFLAG_ForceCloseOnDial 0x00000002
#define RASPBDFLAG_NoUser 0x00000010
#define RASPBDFLAG_UpdateDefaults 0x80000000u

/* RASENTRYDLG.dwFlags */
#define RASEDFLAG_PositionDlg 0x00000001
#define RASEDFLAG_NewEntry 0x00000002
#define RASEDFLAG_CloneEntry 0x00000004
#define RASEDFLAG_NoRename 0x00000008
#define RASEDFLAG_NewPhoneEntry 0x00000010
#define RASEDFLAG_NewTunnelEntry 0x00000020
#define RASEDFLAG_NewDirectEntry 0x00000040
#define RASEDFLAG_NewBroadbandEntry 0x00000080
#define RASEDFLAG_InternetEntry 0x00000100
#define RASEDFLAG_NAT 0x00000200
#define RASEDFLAG_IncomingConnection 0x00000400
#define RASEDFLAG_ShellOwned 0x40000000

/* RASDIALDLG.dwFlags */
#define RASDDFLAG_PositionDlg 0x00000001
#define RASDDFLAG_NoPrompt 0x00000002
#define RASDDFLAG_LinkFailure 0x80000000u

/* RASNOUSER.dwFlags */
#define RASNOUSER_SmartCard 0x00000001

#pragma pack(push, 4)

typedef struct tagRASDIALDLG {
    DWORD dwSize;
    HWND hwndOwner;
    DWORD dwFlags;
    LONG xDlg;
    LONG yDlg;
    DWORD dwSubEntry;
    DWORD dwError;
    ULONG_PTR reserved;
    ULONG_PTR reserved2;
} RASDIALDLG, *LPRASDIALDLG;

#pragma pack(pop)

/* what is there for CHAR and for WCHAR */
#define OPENRAS_RAS(name) name##A
#define OPENRAS_CHAR CHAR
#define OPENRAS_LP LPSTR
#include "rasdlg_aw.h"
#undef OPENRAS_RAS
#undef OPENRAS_CHAR
#undef OPENRAS_LP
#define OPENRAS_RAS(name) name##W
#define OPENRAS_CHAR WCHAR
#define OPENRAS_LP LPWSTR
#include "rasdlg_aw.h"
#undef OPENRAS_RAS
#undef OPENRAS_CHAR
#undef OPENRAS_LP
#define RASPBDLGFUNC OPENRAS_AW(RASPBDLGFUNC)
#define RASENTRYDLG OPENRAS_AW(RASENTRYDLG)
#define LPRASENTRYDLG OPENRAS_AW(LPRASENTRYDLG)
#define RASPBDLG OPENRAS_AW(RASPBDLG)
#define LPRASPBDLG OPENRAS_AW(LPRASPBDLG)
#define RASNOUSER OPENRAS_AW(RASNOUSER)
#define LPRASNOUSER OPENRAS_AW(LPRASNOUSER)
#define RasDialDlg OPENRAS_AW(RasDialDlg)
#define RasEntryDlg OPENRAS_AW(RasEntryDlg)
#define RasPhonebookDlg OPENRAS_AW(RasPhonebookDlg)

/* what a custom dialer exports besides RasCustomDial */
typedef BOOL(WINAPI *RasCustomDialDlgFn)(HINSTANCE library, DWORD flags, LPWSTR phonebook, LPWSTR entry,
    LPWSTR number, LPRASDIALDLG info, PVOID more);
typedef BOOL(WINAPI *RasCustomEntryDlgFn)(HINSTANCE library, LPWSTR phonebook, LPWSTR entry, LPRASENTRYDLG info,
    DWORD flags);

#ifdef __cplusplus
}
#endif

#endif
