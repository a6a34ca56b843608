//! The `bootstrap` of every function. [`tablekeeper_functions::runtime`] does the work.

/// The allocator. An AWS call makes hundreds of small allocations, which take a quarter of its time with the glibc
/// allocator (docs/adr/0015).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    tablekeeper_functions::runtime::run().await
}
