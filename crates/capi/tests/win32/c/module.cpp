// A library with a DllMain; what it is told goes to the program's own list.
#include <windows.h>

static DWORD calls[4];
static bool refuse = false;
static HINSTANCE own;

#ifdef OLD
BOOL APIENTRY DllMain(HANDLE library, DWORD reason, LPVOID reserved)
#else
BOOL APIENTRY DllMain(HINSTANCE library, DWORD reason, LPVOID reserved)
#endif
{
    own = (HINSTANCE)library;
    if (reserved || reason > 3)
        return FALSE;
    calls[reason]++;
    return !REFUSE || refuse;
}

extern "C" DWORD Calls(DWORD reason) { return calls[reason]; }
extern "C" HINSTANCE Own(void) { return own; }
