//! Dials, answers every pause at the terminal, pings once and hangs up:
//! `cargo run -p openras-client --example dial -- tcp:127.0.0.1:7001 alice PASSWORD-FILE`

use std::io::Write as _;
use std::time::Duration;

use openras_client::{DialOptions, Error, Pause, Service, Step};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let (Some(line), Some(user), Some(file)) = (words.next(), words.next(), words.next()) else {
        return Err("usage: dial LINE USER PASSWORD-FILE".into());
    };
    let password = std::fs::read_to_string(file)?;
    let service = Service::connect_or_start().await?;
    let options = DialOptions::new(line).user(user).password(password.trim_end());
    println!("ping: {:?}", call(&service, options, ask).await?);
    Ok(())
}

/// Makes a call to its end; gives the time of each ping's answer. `ask` gets a prompt and gives what was typed.
pub async fn call(
    service: &Service,
    options: DialOptions,
    mut ask: impl FnMut(&str) -> String,
) -> Result<Vec<Option<Duration>>, Error> {
    let mut dialling = service.dial(options.pauses(true)).await?;
    let connection = loop {
        match dialling.next().await {
            Step::State(state) => println!("{}", state.name),
            Step::Event(event) => println!("  {event:?}"),
            Step::Paused(pause) => answer(pause, &mut ask).await?,
            Step::Connected(connection) => break connection,
            Step::Failed(failure) => return Err(failure.into()),
        }
    };
    println!("connected as c{}", connection.id());
    let answers = connection.ping(None, 1).await?;
    connection.hang_up().await?;
    connection.wait_ended().await?;
    Ok(answers)
}

async fn answer(pause: Pause<'_>, ask: &mut impl FnMut(&str) -> String) -> Result<(), Error> {
    match pause {
        Pause::RetryAuthentication(mut retry) => {
            if let Some(error) = retry.error() {
                println!("{error}");
            }
            retry.resume(ask("User: "), ask("Password: ").as_str()).await
        }
        Pause::PasswordExpired(mut expired) => expired.resume(ask("New password: ").as_str()).await,
        Pause::CallbackSetByCaller(mut callback) => callback.resume(ask("Number: ")).await,
        Pause::Interactive(mut terminal) => {
            // a line is typed for each prompt, until the other end begins PPP or nothing is typed
            let (mut bytes, mut said) = ([0; 1024], String::new());
            while let Ok(n @ 1..) = terminal.read(&mut bytes).await {
                said += &String::from_utf8_lossy(bytes.get(..n).unwrap_or_default());
                if !said.ends_with(": ") {
                    continue;
                }
                // what a stranger says must not steer the terminal
                let typed = ask(&said.escape_default().to_string());
                said.clear();
                if typed.is_empty() {
                    return terminal.go_on().await;
                }
                // a terminal that takes no more ends by itself
                let _ = terminal.write_all(format!("{typed}\r").as_bytes()).await;
            }
            Ok(())
        }
    }
}

fn ask(prompt: &str) -> String {
    print!("{prompt}");
    // a question nobody sees is answered with nothing
    let _ = std::io::stdout().flush();
    let mut line = String::new();
    let _ = std::io::stdin().read_line(&mut line);
    line.trim_end().to_owned()
}
