//! Lists the service's calls, then prints what happens until the service ends:
//! `cargo run -p openras-client --example watch`

use openras_client::types::event::Told;
use openras_client::{Error, Service};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let service = Service::connect().await?;
    watch(&service, |line, _| {
        println!("{line}");
        true
    })
    .await
}

/// Gives each line to `show`, with the event it was made from, for as long as that wants more.
pub async fn watch(
    service: &Service,
    mut show: impl FnMut(&str, Option<&Told>) -> bool,
) -> Result<(), Error> {
    // first listen, then list: what happens in between is not missed
    let mut events = service.events(false).await?;
    for call in service.calls().await? {
        if !show(&format!("c{} {} {}", call.id, call.state, call.line), None) {
            return Ok(());
        }
    }
    while let Some(told) = events.next().await {
        let told = told?;
        if !show(&format!("c{} {:?}", told.call, told.event), Some(&told)) {
            return Ok(());
        }
    }
    Ok(())
}
