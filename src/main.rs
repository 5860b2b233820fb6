//! The `firstlight` program: everything it does lives in the library, under [`firstlight::cli`].

fn main() -> std::process::ExitCode {
    firstlight::cli::main()
}
