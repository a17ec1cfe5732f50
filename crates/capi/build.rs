//! The shared object's name, and that it is never unmapped: threads of ours run in it. And the one file of C.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libopenras.so.0");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    // another copy that was loaded before must not be what this one's own names mean: it could not find itself (copies.rs)
    println!("cargo::rustc-cdylib-link-arg=-Wl,-Bsymbolic");
    println!("cargo::rerun-if-changed=src/win32/variadic.c");
    // lists of arguments: what Rust cannot walk
    cc::Build::new()
        .file("src/win32/variadic.c")
        .warnings_into_errors(true)
        .extra_warnings(true)
        .compile("openras_variadic");
}
