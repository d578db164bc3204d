//! Foreign formats in and out of cspm: provider answers, scanner findings, reports
