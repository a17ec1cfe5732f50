/* The main() of programs that have wmain (or _tmain with UNICODE). It is in a static library of its own, so that it is taken
 * only where a program brings no main. C++ programs whose wmain is not the declared one have another name for the linker:
 * whichever there is, is called. */

#include <stdint.h>

typedef int wide_main(int, uint16_t **, uint16_t **);

int openras_start_wmain(wide_main *wmain, char **arguments, char **environment);

#define MAYBE __attribute__((weak))
MAYBE wide_main wmain;
MAYBE wide_main plain __asm__("_Z5wmainv");
MAYBE wide_main two __asm__("_Z5wmainiPPw");
MAYBE wide_main two_const __asm__("_Z5wmainiPPKw");
MAYBE wide_main three __asm__("_Z5wmainiPPwS0_");
MAYBE wide_main two_16 __asm__("_Z5wmainiPPDs");
MAYBE wide_main two_const_16 __asm__("_Z5wmainiPPKDs");
MAYBE wide_main three_16 __asm__("_Z5wmainiPPDsS0_");

int main(int count, char **arguments, char **environment)
{
    wide_main *const known[] = {wmain, two, two_const, three, plain, two_16, two_const_16, three_16};
    (void)count;
    for (unsigned n = 0; n < sizeof known / sizeof *known; n++)
        if (known[n])
            return openras_start_wmain(known[n], arguments, environment);
    return -1;
}
