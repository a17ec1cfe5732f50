/* Functions with "..." and the walk through a va_list: the two things Rust cannot write (docs/decisions/). Everything else
 * is Rust. These names are hidden; the exported ones jump here, so that Rust decides what the library exports. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define HIDDEN __attribute__((visibility("hidden")))

/* A va_list parameter is an address on the machines this is built for; it is the same as the address of the list. */
HIDDEN uint32_t openras_next_int(va_list *list) { return va_arg(*list, uint32_t); }
HIDDEN uint64_t openras_next_long(va_list *list) { return va_arg(*list, uint64_t); }
HIDDEN double openras_next_double(va_list *list) { return va_arg(*list, double); }
HIDDEN double openras_next_long_double(va_list *list) { return (double)va_arg(*list, long double); }
HIDDEN void *openras_next_pointer(va_list *list) { return va_arg(*list, void *); }

/* RESULT NAME(PARAMETERS, format, ...) { return NAMED(ARGUMENTS, format, list); } */
#define TWO(result, name, named, A, C)                                     \
    result named(A, const C *, va_list);                                   \
    HIDDEN result openras_list_##name(A a, const C *format, ...) {         \
        va_list list;                                                      \
        va_start(list, format);                                            \
        result given = named(a, format, list);                             \
        va_end(list);                                                      \
        return given;                                                      \
    }
#define THREE(result, name, named, A, B, C)                                \
    result named(A, B, const C *, va_list);                                \
    HIDDEN result openras_list_##name(A a, B b, const C *format, ...) {    \
        va_list list;                                                      \
        va_start(list, format);                                            \
        result given = named(a, b, format, list);                          \
        va_end(list);                                                      \
        return given;                                                      \
    }
#define ONE(result, name, named, C)                                        \
    result named(const C *, va_list);                                      \
    HIDDEN result openras_list_##name(const C *format, ...) {              \
        va_list list;                                                      \
        va_start(list, format);                                            \
        result given = named(format, list);                                \
        va_end(list);                                                      \
        return given;                                                      \
    }

TWO(int, wsprintfA, wvsprintfA, char *, char)
TWO(int, wsprintfW, wvsprintfW, uint16_t *, uint16_t)
THREE(int32_t, StringCchPrintfA, StringCchVPrintfA, char *, size_t, char)
THREE(int32_t, StringCchPrintfW, StringCchVPrintfW, uint16_t *, size_t, uint16_t)
THREE(int32_t, StringCbPrintfA, StringCbVPrintfA, char *, size_t, char)
THREE(int32_t, StringCbPrintfW, StringCbVPrintfW, uint16_t *, size_t, uint16_t)
THREE(int, snprintf, _vsnprintf, char *, size_t, char)
THREE(int, snwprintf, _vsnwprintf, uint16_t *, size_t, uint16_t)
THREE(int, swprintf, openras_vswprintf, uint16_t *, size_t, uint16_t)
ONE(int, printf, openras_vprintf, char)
ONE(int, wprintf, openras_vwprintf, uint16_t)
TWO(int, fprintf, openras_vfprintf, void *, char)
TWO(int, fwprintf, openras_vfwprintf, void *, uint16_t)
