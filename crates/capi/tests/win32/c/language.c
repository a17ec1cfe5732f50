/* Errors of LoadLibrary in a program whose C library speaks another language. The first argument is the folder of its
 * translations. */
#include <windows.h>
#include <libintl.h>
#include <locale.h>
#include "check.h"

int main(int argc, char **argv)
{
    CHECK(argc == 2 && setlocale(LC_ALL, "C.UTF-8") && bindtextdomain("libc", argv[1]));
    /* the test is one */
    CHECK(!strcmp(dgettext("libc", "invalid ELF header"), "kein ELF"));
    CHECK(!LoadLibraryA(__FILE__) && GetLastError() == ERROR_BAD_EXE_FORMAT);
    CHECK(!LoadLibraryA("missing.dll") && GetLastError() == ERROR_MOD_NOT_FOUND);
    CHECK(!strcmp(dgettext("libc", "invalid ELF header"), "kein ELF"));
    return 0;
}
