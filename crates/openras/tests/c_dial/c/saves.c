/* saves ENTRY USER PASSWORD: what a phone-book editor would do before */
#include "dialling.h"

int main(int argc, char **argv)
{
    RASDIALPARAMSA params;
    CHECK(argc == 4);
    fill(&params, argv[1], argv[3]);
    StringCchCopyA(params.szUserName, UNLEN + 1, argv[2]);
    EQUAL(0, RasSetEntryDialParamsA(NULL, &params, FALSE));
    return 0;
}
