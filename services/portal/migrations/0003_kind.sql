-- What a notice leads to: a concern, a case, a request or an offer.
alter table notice add kind text not null default 'concern';
