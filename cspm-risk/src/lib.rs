//! Ranking of findings by the damage behind them: verdicts, scores, reasons, fixes
