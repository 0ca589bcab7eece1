//! Whole releases of a throw-away workspace.

mod planning;
mod throwaway;

use throwaway::Throwaway;
