//! A jail and nothing else, for programs that embed the service and cannot call
//! `openras_modules::jail::main_if_asked` first: their `Parts::helper` names this one.

fn main() {
    openras_modules::jail::main_if_asked();
    eprintln!("openras-module-jail is run by the service, for its modules");
    std::process::exit(2);
}
