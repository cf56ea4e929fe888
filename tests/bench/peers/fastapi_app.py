"""The peer that the seed document describes: FastAPI, SQLAlchemy and SQLite, with its context
manager for sessions. One process, as `uvicorn` starts it.

    DATABASE=/tmp/peer.db uvicorn fastapi_app:app
"""
import os
import time
from contextlib import contextmanager

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from jose import JWTError, jwt
from pydantic import BaseModel
from sqlalchemy import Boolean, Column, Float, Integer, String, create_engine, event
from sqlalchemy.orm import declarative_base, sessionmaker

SECRET = "a secret of the benchmark, of no other use"
engine = create_engine(
    "sqlite:///" + os.environ["DATABASE"], connect_args={"check_same_thread": False}
)


@event.listens_for(engine, "connect")
def durable(connection, _record):
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


SessionLocal = sessionmaker(bind=engine)
Base = declarative_base()


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    username = Column(String, unique=True, nullable=False)
    email = Column(String, unique=True, nullable=False)
    password = Column(String, nullable=False)
    is_active = Column(Boolean, default=True)
    role = Column(String, default="user")
    temperature = Column(Float, default=0.7)
    created_at = Column(String)


class Message(Base):
    __tablename__ = "messages"
    id = Column(Integer, primary_key=True)
    user_id = Column(Integer, nullable=False)
    content = Column(String, nullable=False)


Base.metadata.create_all(engine)


class DataManager:
    @contextmanager
    def get_session(self):
        session = SessionLocal()
        try:
            yield session
            session.commit()
        except Exception:
            session.rollback()
            raise
        finally:
            session.close()

    def get_user_by_username(self, username):
        with self.get_session() as session:
            user = session.query(User).filter(User.username == username).first()
            if user:
                session.expunge(user)
            return user

    def add_message(self, user_id, content):
        with self.get_session() as session:
            message = Message(user_id=user_id, content=content)
            session.add(message)
            session.flush()
            return message.id


manager = DataManager()
with manager.get_session() as start:
    if not start.query(User).first():
        start.add(
            User(
                username="human",
                email="human@example.org",
                password="password123",
                created_at="2026-11-23T10:00:00Z",
            )
        )

app = FastAPI()
bearer = OAuth2PasswordBearer(tokenUrl="token")


def current_user(token: str = Depends(bearer)):
    try:
        username = jwt.decode(token, SECRET, algorithms=["HS256"])["sub"]
    except JWTError:
        raise HTTPException(401, "Could not validate credentials")
    user = manager.get_user_by_username(username)
    if not user:
        raise HTTPException(401, "Could not validate credentials")
    return user


@app.post("/token")
def token(form: OAuth2PasswordRequestForm = Depends()):
    user = manager.get_user_by_username(form.username)
    if not user or user.password != form.password:
        raise HTTPException(401, "Incorrect username or password")
    claims = {"sub": user.username, "exp": int(time.time()) + 86400}
    return {"access_token": jwt.encode(claims, SECRET, algorithm="HS256"), "token_type": "bearer"}


@app.get("/users/me/")
def me(user: User = Depends(current_user)):
    return {
        "id": user.id,
        "username": user.username,
        "email": user.email,
        "is_active": user.is_active,
        "role": user.role,
        "temperature": user.temperature,
        "created_at": user.created_at,
    }


class NewMessage(BaseModel):
    content: str


@app.post("/messages", status_code=201)
def send(message: NewMessage, user: User = Depends(current_user)):
    return {"id": manager.add_message(user.id, message.content)}
