use super::*;
use crate::win32::units::from_any;

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

#[test]
fn texts_are_counted_compared_searched_and_copied() {
    let text = wide("Ab/cd/é");
    let address = text.as_ptr();
    let mut to = [7_u16; 12];
    // SAFETY: texts with their NULs and room for them.
    unsafe {
        assert_eq!(openras_wcslen(address), 7);
        assert_eq!(openras_wcschr(address, 0x2F).offset_from(address), 2);
        assert_eq!(openras_wcsrchr(address, 0x2F).offset_from(address), 5);
        assert_eq!(openras_wcsrchr(address, 0).offset_from(address), 7);
        assert!(openras_wcschr(address, 0x7A).is_null());
        assert_eq!(openras_wcsstr(address, wide("d/").as_ptr()).offset_from(address), 4);
        assert_eq!(openras_wcsstr(address, wide("").as_ptr()), address.cast_mut());
        assert!(openras_wcsstr(address, wide("ab").as_ptr()).is_null());
        assert_eq!(openras_wcsicmp(address, wide("aB/CD/é").as_ptr()), 0);
        assert_eq!(openras_wcsnicmp(address, wide("aBx").as_ptr(), 2), 0);
        assert_eq!(openras_wcscmp(wide("a").as_ptr(), wide("b").as_ptr()), -1);
        assert_eq!(openras_wcsncmp(wide("ab").as_ptr(), wide("aa").as_ptr(), 1), 0);
        openras_wcsncpy(to.as_mut_ptr(), address, 2);
        assert_eq!(to[..3], [0x41, 0x62, 7]);
        openras_wcscpy(to.as_mut_ptr(), wide("x").as_ptr());
        openras_wcscat(to.as_mut_ptr(), wide("y").as_ptr());
        openras_wcsncat(to.as_mut_ptr(), address, 1);
        assert_eq!(crate::text::from_array(&to), "xyA");
        let copy = openras_wcsdup(address);
        assert_eq!(from_any(copy.cast_const()).as_deref(), Some("Ab/cd/é"));
        libc::free(copy.cast());
        assert_eq!(openras_wcslen(std::ptr::null()), 0);
        assert!(openras_wcscpy(null_mut(), address).is_null());
    }
}

#[test]
fn numbers_and_utf8() {
    let mut to = [7_u16; 4];
    let mut bytes = [7_u8; 4];
    let mut end = null_mut();
    let number = wide(" -12€");
    // SAFETY: texts with their NULs and room for them.
    unsafe {
        assert_eq!(_wtoi(number.as_ptr()), -12);
        assert_eq!(_wtol(wide("99999999999").as_ptr()), i32::MAX);
        assert_eq!(openras_wcstol(number.as_ptr(), &raw mut end, 10), -12);
        assert_eq!(end.cast_const().offset_from(number.as_ptr()), 4);
        // no base: nothing is read
        assert_eq!(openras_wcstol(number.as_ptr(), &raw mut end, 37), 0);
        assert_eq!(end.cast_const(), number.as_ptr());
        assert_eq!(openras_wcstoul(number.as_ptr(), &raw mut end, 1), 0);
        assert_eq!(end.cast_const(), number.as_ptr());
        assert_eq!(openras_wcstoul(wide("0xff").as_ptr(), null_mut(), 0), 255);
        assert_eq!(openras_mbstowcs(to.as_mut_ptr(), c"aé".as_ptr().cast(), 4), 2);
        assert_eq!(to, [0x61, 0xE9, 0, 7]);
        assert_eq!(openras_mbstowcs(null_mut(), c"a😀".as_ptr().cast(), 0), 3);
        assert_eq!(openras_mbstowcs(to.as_mut_ptr(), c"a😀".as_ptr().cast(), 2), 1);
        assert_eq!(openras_mbstowcs(to.as_mut_ptr(), c"\xFF".as_ptr().cast(), 4), usize::MAX);
        assert_eq!(openras_wcstombs(bytes.as_mut_ptr(), wide("aé€").as_ptr(), 4), 3);
        assert_eq!(bytes, *b"a\xC3\xA9\0");
        assert_eq!(openras_wcstombs(bytes.as_mut_ptr(), [0xD800, 0].as_ptr(), 4), usize::MAX);
    }
}
