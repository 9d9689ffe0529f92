import pytest
from worlds import *

@pytest.mark.django_db
def test_smoke():
    s = site()
    w = worker("prison_drug_worker", service(sites=[s]))
    r = person(w)
    held(r, s)
    c = signed_in(w)
    k = worker()
    from throughcare.organisations.models import Service
    h = sent(w, r, Service.objects.get(pk=k.service))
    print(own_statements(c, "/people/", look=1))
    print(own_statements(c, f"/people/{r.person_id}/", look=2))
    take(k, h, "open_by_receiver")
    assert 0
