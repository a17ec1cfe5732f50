//! `openras demo`: every kind of call in one process, with real parts and a temporary store.

mod call;
mod rows;
mod show;
mod token;
mod world;

use anyhow::Result;

use crate::cli::Demo;
use crate::exit;
use show::Show;
use world::World;

/// Makes all calls and gives 0 only if every one went as it must.
pub(crate) async fn run(args: Demo) -> Result<u8> {
    let world = World::build().await?;
    let mut show = Show::new(args.json, args.verbose);
    show.welcome();
    for row in rows::all() {
        show.row(&row);
        let result = rows::make(&row, &world, &mut show).await;
        show.result(row, result);
    }
    let failed = show.table(args.strict);
    world.stop().await;
    Ok(if failed == 0 { exit::OK } else { exit::FAILED })
}
