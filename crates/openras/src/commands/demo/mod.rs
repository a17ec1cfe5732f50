//! `openras demo`: every kind of call in one process, with real parts and a temporary store.

mod call;
mod rows;
mod show;
mod token;
mod world;

use anyhow::Result;

use crate::cli::Demo;
use crate::exit;
use crate::signals::Signals;
use show::Show;
use world::World;

/// Makes all calls and gives 0 only if every one went as it must.
pub(crate) async fn run(args: Demo) -> Result<u8> {
    let mut signals = Signals::listen()?;
    let world = World::build().await?;
    let mut show = Show::new(args.json, args.verbose);
    let code = tokio::select! {
        failed = all(&world, &mut show, args.strict) => if failed == 0 { exit::OK } else { exit::FAILED },
        // its folder must not stay behind
        () = signals.next() => exit::HUNG_UP,
    };
    world.stop().await;
    Ok(code)
}

/// Makes every row. Gives the number of those that did not go as they must.
async fn all(world: &World, show: &mut Show, strict: bool) -> usize {
    show.welcome();
    for row in rows::all() {
        show.row(&row);
        let result = rows::make(&row, world, show).await;
        show.result(row, result);
    }
    show.table(strict)
}
