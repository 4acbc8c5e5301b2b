//! What tests with many threads share.

use std::cell::RefCell;
use std::panic::resume_unwind;
use std::thread::{self, Scope, ScopedJoinHandle};

/// The threads of one [`scope`].
pub struct Crew<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    threads: RefCell<Vec<ScopedJoinHandle<'scope, ()>>>,
}

impl<'scope> Crew<'scope, '_> {
    /// Starts a thread.
    pub fn spawn(&self, work: impl FnOnce() + Send + 'scope) {
        self.threads.borrow_mut().push(self.scope.spawn(work));
    }
}

/// As [`thread::scope`], but every thread is joined through its handle, which is
/// the one end of a thread that ThreadSanitizer sees.
pub fn scope<'env>(work: impl for<'scope> FnOnce(&Crew<'scope, 'env>)) {
    thread::scope(|scope| {
        let crew = Crew { scope, threads: RefCell::default() };
        work(&crew);
        for thread in crew.threads.into_inner() {
            thread.join().unwrap_or_else(|panic| resume_unwind(panic));
        }
    });
}
