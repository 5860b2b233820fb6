//! The `firstlight` program: everything it does lives in the library, under [`firstlight::cli`].

#[global_allocator]
static ALLOCATOR: firstlight::system::memory::Allocator = firstlight::system::memory::Allocator;

fn main() -> std::process::ExitCode {
    firstlight::cli::main()
}
