//! A keeper of programs and nothing else, for programs that start callers' programs and cannot call
//! `openras_io::octets::main_if_asked` first: their `Program::keeper` names this one.

fn main() {
    openras_io::octets::main_if_asked();
    eprintln!("openras-program-keeper is run by the service, for the programs of its callers");
    std::process::exit(2);
}
