//! The processes around modules and callers' programs and nothing else, for programs that this service is a library of and that
//! cannot call `openras_service::main_if_asked` first: their `Config::helper` names this one.

fn main() {
    openras_service::main_if_asked();
    eprintln!("openras-service-helper is run by the service, for modules and the programs of its callers");
    std::process::exit(2);
}
