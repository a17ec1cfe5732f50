//! `openras line test`: the dialogue with a modem, for a person or a report.

use anyhow::{Context as _, Result, anyhow, bail};
use openras_engine::modem::dial_string;
use openras_engine::rfc2217::Signals;
use openras_service::Config;
use openras_service::config::device::{Frame, GENERIC, modem};
use openras_service::config::{DeviceLine, PortLine};
use openras_service::modems::{self, Step};
use serde_json::{Value, json};

use crate::cli::LineTest;
use crate::signals::Signals as Interrupts;
use crate::{config_file, exit, json as lines, out, tls_files};

/// Runs the test. Gives the exit code.
pub(crate) async fn run(args: LineTest) -> Result<u8> {
    let test = wanted(&args)?;
    if !args.json {
        out::line(format_args!("Testing {} (OpenRAS {})", test.line, env!("CARGO_PKG_VERSION")));
    }
    let json = args.json;
    let mut interrupts = Interrupts::listen()?;
    let testing = modems::test_line(test, move |step| show(&step, json));
    let result = tokio::select! {
        result = testing => result,
        // the device is closed, which drops DTR
        _ = interrupts.heard() => return Ok(exit::HUNG_UP),
    };
    match result {
        Ok(()) if json => lines::line(&json!({ "event": "passed" })),
        Ok(()) => out::line("The modem does all that was asked."),
        Err(_) => return Ok(exit::LINE),
    }
    Ok(exit::OK)
}

/// What the command line and the configuration say together.
fn wanted(args: &LineTest) -> Result<modems::LineTest> {
    let device = args.line.parse::<DeviceLine>();
    // a device needs no configuration; what there is of one may name modems
    let file = args.config.clone().or_else(config_file::found);
    let config = match (&file, &device) {
        (Some(file), _) => Config::load(file)?,
        (None, Ok(_)) => Config::empty(),
        (None, Err(error)) if args.line.contains(':') => bail!("{error}"),
        (None, Err(_)) => {
            bail!("there is no configuration to look for the port {:?} in: name it with --config", args.line)
        }
    };
    let port = config.ports.iter().find(|port| port.name == args.line);
    let (line, frame, its_modem, its_trust) = match (device, port) {
        (Ok(device), _) => (device, Frame::default(), None, None),
        (Err(_), Some(port)) => match &port.line {
            PortLine::Device(device) => {
                (device.clone(), port.device.frame, port.device.modem(), port.trust.clone())
            }
            other => bail!("the port {} answers on {other}, which is no device", port.name),
        },
        (Err(error), None) if args.line.contains(':') => bail!("{error}"),
        (Err(_), None) => bail!("the configuration has no port {:?}", args.line),
    };
    if let Some(number) = &args.dial
        && dial_string(number).is_none()
    {
        bail!(
            "--dial {number:?} is nothing a modem dials: write digits, and between them only + * # A-D T P W , @ !"
        );
    }
    let name = args.modem.as_deref().or(its_modem).unwrap_or(GENERIC);
    let settings = modem(name, &config.modems).map_err(|error| anyhow!(error)).context("--modem")?;
    let trust = tls_files::trust(&args.tls)?.or(its_trust);
    Ok(modems::LineTest { line, frame, trust, settings, dial: args.dial.clone() })
}

fn show(step: &Step, json: bool) {
    if json { lines::line(&object(step)) } else { out::line(text(step)) }
}

fn text(step: &Step) -> String {
    match step {
        Step::Us(text) => format!("  > {text}"),
        Step::Modem(text) => format!("  < {text}"),
        Step::Opened(None) => "The device is open; it has no signals".into(),
        Step::Opened(Some(signals)) => format!("The device is open; signals: {}", names(*signals)),
        Step::Signals(signals) => format!("  signals: {}", names(*signals)),
        Step::Note(note) => note.clone(),
        Step::Ready => "The modem is ready".into(),
        Step::Connected(text) => format!("The call stands: {text}"),
        Step::Octets(count) => format!("  {count} octets from the other end"),
        Step::HungUp => "The call is over".into(),
        Step::Failed(number, sentence) => format!("{number}: {sentence}"),
    }
}

fn names(signals: Signals) -> String {
    let all = [("DCD", signals.dcd), ("DSR", signals.dsr), ("CTS", signals.cts), ("RI", signals.ri)];
    let on: Vec<&str> = all.into_iter().filter_map(|(name, on)| on.then_some(name)).collect();
    if on.is_empty() { "none is on".into() } else { on.join(" ") }
}

fn object(step: &Step) -> Value {
    let signals = |signals: &Signals| json!({ "dcd": signals.dcd, "dsr": signals.dsr, "cts": signals.cts, "ri": signals.ri });
    match step {
        Step::Us(text) => json!({ "event": "sent", "text": text }),
        Step::Modem(text) => json!({ "event": "received", "text": text }),
        Step::Opened(one) => json!({ "event": "opened", "signals": one.as_ref().map(signals) }),
        Step::Signals(one) => json!({ "event": "signals", "signals": signals(one) }),
        Step::Note(note) => json!({ "event": "note", "text": note }),
        Step::Ready => json!({ "event": "ready" }),
        Step::Connected(text) => json!({ "event": "connected", "text": text }),
        Step::Octets(count) => json!({ "event": "octets", "count": count }),
        Step::HungUp => json!({ "event": "hung_up" }),
        Step::Failed(number, sentence) => json!({ "event": "failed", "code": number.0, "message": sentence }),
    }
}
