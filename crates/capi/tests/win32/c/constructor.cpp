// A library whose constructor, which the system's loader runs under a lock of its own, loads libraries itself.
#include <windows.h>

namespace {
struct Constructed {
    Constructed()
    {
        HMODULE const rasman = LoadLibraryA("RASMAN.DLL");
        if (rasman)
            FreeLibrary(rasman);
    }
} constructed;
}

BOOL WINAPI DllMain(HINSTANCE, DWORD, LPVOID) { return TRUE; }
