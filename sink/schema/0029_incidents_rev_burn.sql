ALTER TABLE spikeline.incidents_rev
    ADD COLUMN IF NOT EXISTS burn_5m Float64 COMMENT 'how many times faster than the objectives of its services allow their error budget went in the 5 minutes before version; 1 spends exactly the budget' AFTER budget_burnt,
    ADD COLUMN IF NOT EXISTS burn_30m Float64 COMMENT 'the same over 30 minutes' AFTER burn_5m,
    ADD COLUMN IF NOT EXISTS burn_1h Float64 COMMENT 'the same over an hour, in slots of 5 minutes' AFTER burn_30m,
    ADD COLUMN IF NOT EXISTS burn_6h Float64 COMMENT 'the same over 6 hours, in slots of 5 minutes' AFTER burn_1h,
    ADD COLUMN IF NOT EXISTS burn_fast Float64 COMMENT 'highest so far of the lower one of burn_1h and burn_5m: an alert on both above 14.4 has fired if this is' AFTER burn_6h,
    ADD COLUMN IF NOT EXISTS burn_slow Float64 COMMENT 'highest so far of the lower one of burn_6h and burn_30m: an alert on both above 6 has fired if this is' AFTER burn_fast
