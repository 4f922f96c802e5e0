-- person
select p.name, p.birth_year, u.name as village, p.household, p.created_at, null as phone
from people p left join org_units u on u.code = p.village_code where p.id = :me limit :most
-- offices
select g.role, u.name as unit, g.station, g.valid_from, g.valid_to
from role_grants g join org_units u on u.code = g.unit_code where g.person_id = :me
order by g.valid_from limit :most
-- consents
select document, version, accepted, at from consents where person_id = :me order by at limit :most
-- pushes
select template, given, at from push_grants where person_id = :me order by template limit :most
-- requests
select r.number, r.created_at, c.zh as category, r.text, r.place ->> 'name' as place, r.answers,
       r.on_behalf_of ->> 'name' as on_behalf_of, r.hide_me, r.status, r.result, r.solved, r.rating,
       r.ended_at
from requests r left join categories c on c.code = r.category
where r.requester_id = :me order by r.id limit :most
-- files
select f.created_at, f.kind, f.size, f.seconds from files f
where exists (
        select from request_files l join requests r on r.id = l.request_id
        where l.file_id = f.id and l.part = 'asked' and r.requester_id = :me
    ) or f.owner_id = :me and not exists (
        select from request_files l join requests r on r.id = l.request_id
        where l.file_id = f.id and l.part = 'asked' and r.requester_id <> :me
    )
order by f.id limit :most
-- steps
select r.number, e.at, e.action, e.to_status
from events e join requests r on r.id = e.request_id
where r.requester_id = :me and e.machine = 'request' order by e.id limit :most
-- messages
select created_at, title, text, read_at from notifications where person_id = :me order by id limit :most
-- volunteer
select v.status, v.skills, v.insured_until::text, v.trained_until::text, v.guardian_consent, v.max_open_tasks,
       v.disliked, v.rest_until, v.personal
from volunteers v where v.person_id = :me limit :most
-- stations
select u.name as village, m.station, m.active, m.since
from memberships m join org_units u on u.code = m.village_code where m.person_id = :me limit :most
-- hours
select weekday + 1 as weekday, from_minute, to_minute from availability_windows
where person_id = :me order by 1, 2 limit :most
-- time_off
select starts_at, ends_at from time_off where person_id = :me order by starts_at limit :most
-- certificates
select skill, valid_until::text, checked_at from certificates where person_id = :me limit :most
-- papers
select kind, skill, issuer, number, valid_from::text, valid_until::text, confirmed_at, revoked_at
from papers where person_id = :me order by id limit :most
-- offers
select o.created_at, o.status, o.reason, o.answered_at, o.opened_at from offers o
where o.person_id = :me order by o.id limit :most
-- work
select t.what, p.taken_at, p.completed_at, p.minutes, p.result
from places p join tasks t on t.id = p.task_id where p.person_id = :me order by p.taken_at limit :most
-- service_records
select t.what, s.served_at, s.minutes, s.status
from service_records s join tasks t on t.id = s.task_id
where s.person_id = :me order by s.id limit :most
-- learnt
select key, round(yes::numeric, 1)::float as yes, round(tries::numeric, 1)::float as tries, at
from response_stats where person_id = :me limit :most
-- follows
select r.number, f.at from follows f join requests r on r.id = f.request_id
where f.person_id = :me order by f.at limit :most
-- pairs
select s.category, s.status, s.proposed_at, s.ended_at from standing_pairs s
where :me in (s.person_id, s.villager_id) order by s.proposed_at limit :most
-- complaints
select created_at, office, reason, text, status, answer from complaints
where complainant_id = :me order by id limit :most
-- logins
select created_at, expires_at, revoked_at from token_families where person_id = :me
order by created_at limit :most
-- reads
select a.at, p.name as reader, a.role, a.fields, r.number
from access_log a left join people p on p.id = a.reader_id join requests r on r.id = a.request_id
where a.person_id = :me order by a.id limit :most
-- registration
select applied_at, stations, about, guardian_name, guardian_at, declined_at, reason, objection
from registrations where person_id = :me limit :most
-- registration_steps
select step, at from registration_steps where person_id = :me order by id limit :most
-- hour_certificates
select requested_at, status, number, issued_at, reason from hour_certificates
where person_id = :me order by id limit :most
