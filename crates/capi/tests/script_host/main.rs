//! `openras-script-host`, the program RasDial starts for a script library: called by hand, and as RasDial does.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests are tests

#[path = "../stage/mod.rs"]
mod stage;

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Output, Stdio};

use stage::{Compiler, Lang, Stage};

const HOST: &str = env!("CARGO_BIN_EXE_openras-script-host");

const LIBRARY: &str = "#define UNICODE\n#include <windows.h>\n#include <ras.h>\n\
     DWORD WINAPI RasCustomScriptExecute(HANDLE port, LPCWSTR phonebook, LPCWSTR entry, PFNRASGETBUFFER get,\n\
         PFNRASFREEBUFFER give, PFNRASSENDBUFFER send, PFNRASRECEIVEBUFFER receive, PFNRASRETRIEVEBUFFER retrieve,\n\
         HWND window, RASDIALPARAMS *params, PVOID more)\n\
     {\n\
         PBYTE buffer;\n\
         DWORD size;\n\
         (void)phonebook; (void)receive; (void)retrieve; (void)window; (void)more;\n\
         if (get(&buffer, &size) != 0)\n\
             return 1;\n\
         buffer[0] = (BYTE)entry[0];\n\
         buffer[1] = (BYTE)params->szPassword[0];\n\
         send(port, buffer, 2);\n\
         give(buffer);\n\
         params->szUserName[0] = L'x';\n\
         params->szUserName[1] = 0;\n\
         return 5000;\n\
     }\n";

fn by_hand(args: &[&str]) -> Output {
    Command::new(HOST).args(args).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn called_by_hand_it_says_what_it_is_for() {
    let stage = Stage::new();
    let library = stage.lib().join("libopenras.so.0").display().to_string();
    for (args, told) in [
        (&[][..], "usage: openras-script-host"),
        (&["/no/such.so", "x"], "is not libopenras.so"),
        (&[library.as_str(), "x"], "serves libopenras.so alone"),
    ] {
        let output = by_hand(args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(3) && said.contains(told), "{args:?}: {said}");
    }
}

fn message(fields: &[&[u8]]) -> Vec<u8> {
    let length = |length: usize| u32::try_from(length).unwrap().to_le_bytes();
    let mut bytes = Vec::new();
    for field in fields {
        bytes.extend(length(field.len()));
        bytes.extend(*field);
    }
    [&length(bytes.len())[..], &bytes].concat()
}

#[test]
fn a_library_is_called_with_what_was_sent_and_what_it_left_comes_back() {
    let stage = Stage::new();
    let library = stage.lib().join("libopenras.so.0");
    let source = stage.source("script.c", LIBRARY);
    for compiler in Compiler::all("script_host") {
        let script = stage.compile_module(Lang::C, compiler, &["-fshort-wchar"], &[&source]);
        let (mut line, its_line) = UnixStream::pair().unwrap();
        let (mut control, its_control) = UnixStream::pair().unwrap();
        let mut command = Command::new(HOST);
        command.arg(&library).arg(&script);
        command.stdin(Stdio::from(OwnedFd::from(its_line))).stdout(Stdio::from(OwnedFd::from(its_control)));
        let mut child = command.spawn().unwrap();
        drop(command);
        let id = 7_usize.to_le_bytes();
        let call = message(&[b"/book", b"Office", b"alice", b"secret", b"", b"", b"", &id]);
        // a byte at a time: it waits for the whole
        call.iter().for_each(|byte| control.write_all(&[*byte]).unwrap());
        let mut told = Vec::new();
        control.read_to_end(&mut told).unwrap();
        assert_eq!(told, message(&[&5000_u32.to_le_bytes(), b"", b"x", b"secret", b""]));
        let mut said = Vec::new();
        line.read_to_end(&mut said).unwrap();
        assert_eq!(said, b"Os");
        assert!(child.wait().unwrap().success());
    }
}
