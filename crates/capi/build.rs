//! The shared object's name, and that it is never unmapped: threads of ours run in it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libopenras.so.0");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
