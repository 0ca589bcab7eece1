//! Whole releases of a throw-away workspace.

mod planning;
mod publishing;
mod throwaway;

use throwaway::Throwaway;
