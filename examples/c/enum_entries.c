/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Lists the entries of the phone books, or of one.
 *
 *     enum_entries [PHONEBOOK]
 */
#include <windows.h>
#include <stdio.h>
#include <ras.h>
#include <raserror.h>

int main(int argc, char **argv)
{
    const char *phonebook = argc > 1 ? argv[1] : NULL;
    RASENTRYNAMEA *list = NULL;
    DWORD size = 0, count = 0, error, i;
    /* the first call asks how much there is; it may have grown at the next */
    while ((error = RasEnumEntriesA(NULL, phonebook, list, &size, &count)) == ERROR_BUFFER_TOO_SMALL) {
        if (list != NULL)
            HeapFree(GetProcessHeap(), 0, list);
        list = (RASENTRYNAMEA *)HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, size);
        if (list == NULL)
            return 1;
        list[0].dwSize = sizeof list[0];
    }
    if (error != ERROR_SUCCESS)
        fprintf(stderr, "RasEnumEntries: %u\n", error);
    else if (count == 0)
        puts("no entries");
    for (i = 0; error == ERROR_SUCCESS && list != NULL && i < count; i++)
        printf("%s: %s\n", list[i].szEntryName, list[i].dwFlags == REN_AllUsers ? "everybody's" : "yours");
    if (list != NULL)
        HeapFree(GetProcessHeap(), 0, list);
    return error == ERROR_SUCCESS ? 0 : 1;
}
